use std::collections::BTreeMap;

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
#[derive(Debug, Clone, Default)]
pub struct Gaps {
    kinds: BTreeMap<(String, Option<String>), Gap>,
}

impl Gaps {
    /// Records that a kind could not be read in full. The first reason stays.
    pub fn record(&mut self, kind: &str, namespace: Option<&str>, gap: Gap) {
        self.kinds
            .entry((kind.to_owned(), namespace.map(str::to_owned)))
            .or_insert(gap);
    }

    /// Why the kind is not known in full in this namespace.
    pub fn find(&self, kind: Kind, namespace: &str) -> Option<&Gap> {
        self.everywhere(kind).or_else(|| {
            self.kinds
                .get(&(kind.as_str().to_owned(), Some(namespace.to_owned())))
        })
    }

    /// Why the kind is not known in full in any namespace.
    pub fn everywhere(&self, kind: Kind) -> Option<&Gap> {
        self.kinds.get(&(kind.as_str().to_owned(), None))
    }

    /// Whether the kind is known in full in all namespaces.
    pub fn has_none(&self, kind: Kind) -> bool {
        !self.kinds.keys().any(|(gap, _)| gap == kind.as_str())
    }

    /// All gaps, by kind and namespace.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>, &Gap)> {
        self.kinds
            .iter()
            .map(|((kind, namespace), gap)| (kind.as_str(), namespace.as_deref(), gap))
    }
}
