//! Objects with every field that the API sent, for rules: they may name fields that the typed tables leave out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Snapshot;
use crate::kubernetes::{GroupKind, Text};

/// One object as JSON, what managers wrote about its fields aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeObject {
    /// Its `apiVersion`.
    pub api_version: Text,
    /// Its namespace; empty for what is cluster-scoped.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// Its resource version, where that is a number.
    pub resource_version: Option<u64>,
    /// The object.
    pub json: Box<[u8]>,
}

/// All objects of the kinds that were asked for with every field.
#[derive(Debug, Clone, Default)]
pub struct WholeObjects {
    kinds: BTreeMap<GroupKind, Arc<Vec<WholeObject>>>,
    /// Why not all objects of a kind are here.
    cut: BTreeMap<GroupKind, String>,
    /// Kinds without a type of their own that were listed to their end.
    listed: BTreeSet<GroupKind>,
}

impl WholeObjects {
    /// Takes objects in.
    pub(crate) fn extend(&mut self, kind: &GroupKind, objects: Vec<WholeObject>) {
        let all = Arc::make_mut(self.kinds.entry(kind.clone()).or_default());
        all.extend(objects);
    }

    /// Says why not all objects of a kind are here. The first reason stays.
    pub(crate) fn cut(&mut self, kind: &GroupKind, reason: &str) {
        self.cut
            .entry(kind.clone())
            .or_insert_with(|| reason.to_owned());
    }

    /// Drops the objects of a kind: they lack fields after all.
    pub(crate) fn discard(&mut self, kind: &GroupKind, reason: &str) {
        self.kinds.remove(kind);
        self.cut(kind, reason);
    }

    /// Says that a kind without a type of its own was listed to its end.
    pub(crate) fn listed(&mut self, kind: GroupKind) {
        self.listed.insert(kind);
    }

    /// Sorts; of two objects with one name the newest stays.
    pub(crate) fn settle(&mut self) {
        for objects in self.kinds.values_mut() {
            let objects = Arc::make_mut(objects);
            objects.sort_by(|a, b| {
                (&a.namespace, &a.name)
                    .cmp(&(&b.namespace, &b.name))
                    .then(b.resource_version.cmp(&a.resource_version))
                    .then_with(|| a.json.cmp(&b.json))
            });
            objects.dedup_by(|later, earlier| {
                later.namespace == earlier.namespace && later.name == earlier.name
            });
        }
    }

    /// The objects of a kind, by namespace and name.
    pub fn all(&self, kind: &GroupKind) -> &[WholeObject] {
        self.kinds.get(kind).map_or(&[], |objects| objects)
    }

    /// The object of this name.
    pub fn get(&self, kind: &GroupKind, namespace: &str, name: &str) -> Option<&WholeObject> {
        let all = self.all(kind);
        let at = all
            .binary_search_by(|object| {
                (object.namespace.as_str(), object.name.as_str()).cmp(&(namespace, name))
            })
            .ok()?;
        all.get(at)
    }

    /// Why not all objects of a kind are here, if so.
    pub fn why_cut(&self, kind: &GroupKind) -> Option<&str> {
        self.cut.get(kind).map(String::as_str)
    }
}

impl Snapshot {
    /// Objects with every field, of the kinds that were asked for that way.
    pub const fn whole(&self) -> &WholeObjects {
        &self.whole
    }

    /// Whether it is proven that an object which is not in the picture is not in the cluster either.
    pub fn knows_all(&self, kind: &GroupKind, namespace: &str) -> bool {
        if self.whole.why_cut(kind).is_some() {
            return false;
        }
        if let Some(typed) = kind.typed() {
            return super::Cluster::new(self).is_complete(typed, namespace);
        }
        let scope = &self.scope.namespaces;
        let is_asked_for = namespace.is_empty()
            || scope.is_empty()
            || scope.iter().any(|known| known == namespace);
        let has_gap = self
            .gaps
            .iter()
            .any(|(name, of, _)| name == kind.kind && of.is_none_or(|of| of == namespace));
        is_asked_for && self.whole.listed.contains(kind) && !has_gap
    }
}
