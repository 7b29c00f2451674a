//! Roots that name one thing outside their subjects: where several subjects do, that thing is the cause.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::index::{Index, Key};
use crate::analysis::Shared;
use crate::model::fingerprint;

/// Of which cause a root is: of its own, or of the one that it shares with others.
#[derive(Debug)]
pub(super) struct Causes<'i> {
    index: &'i Index<'i>,
    /// By place of the root.
    shared: BTreeMap<usize, String>,
}

impl<'i> Causes<'i> {
    pub(super) fn of(index: &'i Index<'i>, graph: &Graph) -> Self {
        let mut by_thing: BTreeMap<(&str, Key, &str), Vec<usize>> = BTreeMap::new();
        for (at, seen) in index.seen.iter().enumerate() {
            if let (Some(shared), None) = (&seen.sighting.shared, graph.parent(at)) {
                let thing = (seen.code(), shared.object.key(), shared.fault.as_str());
                by_thing.entry(thing).or_default().push(at);
            }
        }
        let mut shared = BTreeMap::new();
        for ((code, (kind, namespace, name), fault), roots) in by_thing {
            if sufferers(index, &roots) > 1 {
                let id = fingerprint([code, "shared", &kind, &namespace, &name, fault]);
                shared.extend(roots.into_iter().map(|at| (at, id.clone())));
            }
        }
        Self { index, shared }
    }

    /// The fingerprint of the cause that a root is of.
    pub(super) fn id(&self, root: usize) -> Option<&str> {
        match self.shared.get(&root) {
            Some(id) => Some(id),
            None => self.index.get(root).map(|seen| seen.id.as_str()),
        }
    }

    /// What the cause is about, where it is a thing that several share, and how many those are.
    pub(super) fn thing(&self, roots: &[usize]) -> Option<(&Shared, usize)> {
        let first = roots.first().filter(|at| self.shared.contains_key(at))?;
        let shared = self.index.get(*first)?.sighting.shared.as_deref()?;
        Some((shared, sufferers(self.index, roots)))
    }
}

/// How many subjects these are about.
fn sufferers(index: &Index<'_>, roots: &[usize]) -> usize {
    let subjects: BTreeSet<Key> = roots
        .iter()
        .filter_map(|at| Some(index.get(*at)?.sighting.subject.key()))
        .collect();
    subjects.len()
}
