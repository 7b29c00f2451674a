use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::Kind;
use crate::model::CoverageState;

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Why.
    pub state: CoverageState,
    /// What the server or the file said, and how to find out more.
    pub detail: String,
}

/// All that could not be read, by kind and namespace; no namespace means everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    kinds: BTreeMap<(String, Option<String>), Gap>,
    outside: BTreeMap<String, (BTreeSet<String>, Gap)>,
}

impl Gaps {
    /// Records that a kind could not be read in full. The first reason stays.
    pub fn record(&mut self, kind: &str, namespace: Option<&str>, gap: Gap) {
        self.kinds
            .entry((kind.to_owned(), namespace.map(str::to_owned)))
            .or_insert(gap);
    }

    /// Records that a kind was read in these namespaces only. The first reason stays.
    pub fn record_outside(&mut self, kind: &str, namespaces: BTreeSet<String>, gap: Gap) {
        self.outside
            .entry(kind.to_owned())
            .or_insert((namespaces, gap));
    }

    /// Forgets a gap that was recorded for the kind everywhere, or in that namespace.
    pub fn close(&mut self, kind: &str, namespace: Option<&str>) {
        self.kinds
            .remove(&(kind.to_owned(), namespace.map(str::to_owned)));
    }

    /// Why the kind is not known in full in this namespace.
    pub fn find(&self, kind: Kind, namespace: &str) -> Option<&Gap> {
        self.find_named(kind.as_str(), namespace)
    }

    /// The same, for a kind by its name here: `Pod`, or `Certificate.cert-manager.io` for what has no type.
    pub fn find_named(&self, kind: &str, namespace: &str) -> Option<&Gap> {
        self.kinds
            .get(&(kind.to_owned(), None))
            .or_else(|| {
                self.kinds
                    .get(&(kind.to_owned(), Some(namespace.to_owned())))
            })
            .or_else(|| {
                let (known, gap) = self.outside.get(kind)?;
                (!known.contains(namespace)).then_some(gap)
            })
    }

    /// Why the kind is not known in full in any namespace.
    pub fn everywhere(&self, kind: Kind) -> Option<&Gap> {
        self.kinds.get(&(kind.as_str().to_owned(), None))
    }

    /// Whether the kind is known in full in all namespaces.
    pub fn has_none(&self, kind: Kind) -> bool {
        !self.kinds.keys().any(|(gap, _)| gap == kind.as_str())
            && !self.outside.contains_key(kind.as_str())
    }

    /// The kinds that were read in some namespaces only: the kind, those namespaces, and why not elsewhere.
    pub fn outside(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>, &Gap)> {
        self.outside
            .iter()
            .map(|(kind, (namespaces, gap))| (kind.as_str(), namespaces, gap))
    }

    /// The gaps of a kind everywhere or in one namespace.
    pub fn by_kind_and_namespace(&self) -> impl Iterator<Item = (&str, Option<&str>, &Gap)> {
        self.kinds
            .iter()
            .map(|((kind, namespace), gap)| (kind.as_str(), namespace.as_deref(), gap))
    }

    /// All gaps, by kind and namespace; what was read in some namespaces only comes without one, last.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>, &Gap)> {
        self.by_kind_and_namespace()
            .chain(self.outside().map(|(kind, _, gap)| (kind, None, gap)))
    }
}
