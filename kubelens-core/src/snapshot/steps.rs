//! From one picture to a later one of the same cluster: which objects came, changed and went.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::{Change, Snapshot};
use crate::kubernetes::{CustomObject, Kind, Text};

impl Snapshot {
    /// The changes that lead from this picture to a later one of the same cluster; none where more is different than
    /// objects, logs and the time: what could not be read, what was asked for.
    pub(crate) fn steps_to(&self, later: &Self) -> Option<Vec<Change>> {
        let is_alike = self.info == later.info
            && self.scope == later.scope
            && self.gaps == later.gaps
            && self.written_as == later.written_as
            && self.custom_listed == later.custom_listed
            && self.is_rehearsal == later.is_rehearsal
            && self.tuning == later.tuning;
        if !is_alike {
            return None;
        }
        let mut steps = Vec::new();
        let (gone, come) = self.tables.differences(&later.tables);
        let stays: HashSet<(Kind, &Text, &Text)> = come
            .iter()
            .map(|object| {
                let meta = object.metadata();
                (object.kind(), &meta.namespace, &meta.name)
            })
            .collect();
        for object in &gone {
            let (kind, meta) = (object.kind(), object.metadata());
            if !stays.contains(&(kind, &meta.namespace, &meta.name)) {
                steps.push(Change::Removed {
                    kind,
                    namespace: meta.namespace.to_string(),
                    name: meta.name.to_string(),
                });
            }
        }
        drop(stays);
        steps.extend(come.into_iter().map(Change::Stored));
        self.custom_steps(later, &mut steps);
        for key in self.logs.keys().filter(|key| !later.logs.contains_key(key)) {
            steps.push(Change::LogGone(key.clone()));
        }
        for (key, log) in &later.logs {
            if self.logs.get(key) != Some(log) {
                steps.push(Change::Log(key.clone(), log.clone()));
            }
        }
        Some(steps)
    }

    fn custom_steps(&self, later: &Self, steps: &mut Vec<Change>) {
        let nothing = Vec::new();
        let kinds = self.custom.keys().chain(later.custom.keys());
        let kinds: std::collections::BTreeSet<&String> = kinds.collect();
        for kind in kinds {
            let before = by_name(self.custom.get(kind).unwrap_or(&nothing));
            let after = by_name(later.custom.get(kind).unwrap_or(&nothing));
            for (namespace, name) in before.keys().filter(|key| !after.contains_key(*key)) {
                steps.push(Change::CustomRemoved {
                    kind: kind.clone(),
                    namespace: namespace.to_string(),
                    name: name.to_string(),
                });
            }
            for (key, object) in after {
                let known = before.get(&key);
                if known.is_none_or(|known| !Arc::ptr_eq(known, object)) {
                    steps.push(Change::CustomStored((**object).clone()));
                }
            }
        }
    }

    /// Takes over what no change tells: the objects with every field.
    pub(crate) fn take_whole_objects_of(&mut self, later: &Self) {
        self.whole = later.whole.clone();
    }
}

fn by_name(objects: &[Arc<CustomObject>]) -> BTreeMap<(&Text, &Text), &Arc<CustomObject>> {
    let named = objects.iter().map(|object| {
        let meta = &object.metadata;
        ((&meta.namespace, &meta.name), object)
    });
    named.collect()
}
