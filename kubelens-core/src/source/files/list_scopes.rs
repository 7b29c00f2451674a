//! Which lists of a recording cover the whole cluster, and which only a namespace.

use std::collections::{BTreeMap, BTreeSet};

use super::kind_hint::kind_of_word;
use crate::kubernetes::Kind;
use crate::snapshot::SnapshotBuilder;

/// The lists that were read.
#[derive(Debug, Default)]
pub(super) struct ListScopes {
    everywhere: BTreeSet<Kind>,
    within: BTreeMap<Kind, BTreeSet<String>>,
    /// Lists in a directory that may or may not be named after a namespace.
    perhaps: BTreeMap<Kind, BTreeSet<String>>,
}

impl ListScopes {
    /// Notes that a list of a kind was read to its end from this file.
    pub(super) fn note(&mut self, kind: Kind, path: &str) {
        match place_of(kind, path) {
            Place::Everywhere => {
                self.everywhere.insert(kind);
            }
            Place::Namespace(name) => {
                self.within.entry(kind).or_default().insert(name.to_owned());
            }
            Place::Directory(name) => {
                self.perhaps
                    .entry(kind)
                    .or_default()
                    .insert(name.to_owned());
            }
        }
    }

    /// Whether there was no list.
    pub(super) fn is_empty(&self) -> bool {
        self.everywhere.is_empty() && self.within.is_empty() && self.perhaps.is_empty()
    }

    /// Tells the builder, which knows the namespaces of all objects by now.
    pub(super) fn tell(mut self, builder: &mut SnapshotBuilder) {
        let namespaces = builder.namespaces();
        for (kind, directories) in std::mem::take(&mut self.perhaps) {
            if directories.iter().any(|name| namespaces.contains(name)) {
                self.within.entry(kind).or_default().extend(directories);
            } else {
                self.everywhere.insert(kind);
            }
        }
        for kind in &self.everywhere {
            builder.listed(*kind);
        }
        for (kind, names) in self.within {
            for name in names {
                builder.listed_in(kind, &name);
            }
        }
    }
}

enum Place<'a> {
    Everywhere,
    Namespace(&'a str),
    Directory(&'a str),
}

fn place_of(kind: Kind, path: &str) -> Place<'_> {
    if !kind.is_namespaced() {
        return Place::Everywhere;
    }
    let parts: Vec<&str> = path.split('/').collect();
    if let Some(at) = parts.iter().position(|part| *part == "namespaces")
        && let (Some(name), Some(_)) = (parts.get(at + 1), parts.get(at + 2))
    {
        return Place::Namespace(name);
    }
    let stem = |file: &'_ str| file.split('.').next().map_or(0, str::len);
    match parts.as_slice() {
        [.., "cluster-resources", directory, file] if kind_of_word(directory) == Some(kind) => {
            Place::Namespace(file.get(..stem(file)).unwrap_or(file))
        }
        [.., directory, file] if file.get(..stem(file)).and_then(kind_of_word) == Some(kind) => {
            Place::Directory(directory)
        }
        _ => Place::Everywhere,
    }
}
