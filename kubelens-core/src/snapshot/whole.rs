//! Objects with every field that the API sent, for rules: they may name fields that the typed tables leave out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Snapshot, custom_kind};
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
    pub json: Arc<[u8]>,
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

    /// Drops the objects of a kind, and what was said of them: they lack fields after all.
    pub(crate) fn forget(&mut self, kind: &GroupKind) {
        self.kinds.remove(kind);
        self.cut.remove(kind);
        self.listed.remove(kind);
    }

    /// Whether a kind without a type of its own was listed to its end.
    pub(crate) fn is_listed(&self, kind: &GroupKind) -> bool {
        self.listed.contains(kind)
    }

    /// The kinds of which anything is known, sorted.
    pub(crate) fn kinds(&self) -> BTreeSet<GroupKind> {
        let all = self.kinds.keys().chain(self.cut.keys());
        all.chain(&self.listed).cloned().collect()
    }

    /// Says that a kind without a type of its own was listed to its end.
    pub(crate) fn listed(&mut self, kind: GroupKind) {
        self.listed.insert(kind);
    }

    /// Takes out an object that is gone.
    pub(crate) fn remove(&mut self, kind: &GroupKind, namespace: &str, name: &str) {
        if let Some(objects) = self.kinds.get_mut(kind)
            && let Ok(at) = place(objects, namespace, name)
        {
            Arc::make_mut(objects).remove(at);
        }
    }

    /// Puts an object that is new, or was changed, in its place among the others.
    #[cfg(feature = "live")]
    pub(crate) fn put(&mut self, kind: &GroupKind, object: WholeObject) {
        let Some(objects) = self.kinds.get_mut(kind) else {
            return self.extend(kind, vec![object]);
        };
        let at = place(objects, &object.namespace, &object.name);
        let objects = Arc::make_mut(objects);
        match at.map(|at| objects.get_mut(at)) {
            Ok(Some(known)) if known.resource_version <= object.resource_version => *known = object,
            Ok(_) => {}
            Err(at) => objects.insert(at, object),
        }
    }

    /// Puts a list in the place of what was known of the kind, everywhere or in one namespace.
    pub(crate) fn replace(&mut self, kind: &GroupKind, namespace: Option<&str>, list: &Self) {
        if let Some(objects) = self.kinds.get_mut(kind) {
            Arc::make_mut(objects)
                .retain(|known| namespace.is_some_and(|one| known.namespace != *one));
        }
        self.extend(kind, list.all(kind).to_vec());
        if let Some(reason) = list.why_cut(kind) {
            self.cut(kind, reason);
        }
        self.settle();
    }

    /// Says that an object is another by now, and that nobody told all its fields: it is unknown.
    pub(crate) fn outdate(&mut self, kind: &GroupKind, namespace: &str, name: &str) {
        if self.kinds.contains_key(kind) || self.listed.contains(kind) {
            self.remove(kind, namespace, name);
            self.cut(
                kind,
                "objects changed since, and not all their fields were told",
            );
        }
    }

    /// The kinds of this name, whatever their group.
    pub(crate) fn kinds_named(&self, name: &str) -> Vec<GroupKind> {
        let all = self.kinds.keys().filter(|kind| kind.kind == name);
        all.cloned().collect()
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
        all.get(place(all, namespace, name).ok()?)
    }

    /// Why not all objects of a kind are here, if so.
    pub fn why_cut(&self, kind: &GroupKind) -> Option<&str> {
        self.cut.get(kind).map(String::as_str)
    }
}

/// Where the object of this name is, or would have to be.
fn place(all: &[WholeObject], namespace: &str, name: &str) -> Result<usize, usize> {
    all.binary_search_by(|object| {
        (object.namespace.as_str(), object.name.as_str()).cmp(&(namespace, name))
    })
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
        let name = custom_kind(&kind.group, &kind.kind);
        let has_gap = self.gaps.find_named(&name, namespace).is_some();
        is_asked_for && self.whole.listed.contains(kind) && !has_gap
    }
}
