use std::collections::BTreeSet;

use crate::kubernetes::{AnyObject, Kind, Tables, Text};
use crate::snapshot::Makes;

/// The controllers that have fewer pods (a CronJob: Jobs, a Deployment: ReplicaSets) than they want.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct Short(BTreeSet<(Kind, Text, Text)>);

/// The kinds that make what may be refused.
const KINDS: [Kind; 7] = [
    Kind::ReplicaSet,
    Kind::ReplicationController,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Deployment,
];

impl Short {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut short = Self::default();
        for kind in KINDS {
            tables.all(kind).iter().for_each(|object| short.put(object));
        }
        short
    }

    pub(super) fn put(&mut self, object: &AnyObject) {
        if is_short_of(object) {
            self.0.insert(key(object));
        }
    }

    pub(super) fn take(&mut self, object: &AnyObject) {
        if is_short_of(object) {
            self.0.remove(&key(object));
        }
    }

    /// Those of a kind, by namespace and name.
    pub(in crate::snapshot) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Text, &Text)> {
        let all = self.0.iter().filter(move |(known, ..)| *known == kind);
        all.map(|(_, namespace, name)| (namespace, name))
    }
}

fn key(object: &AnyObject) -> (Kind, Text, Text) {
    let meta = object.metadata();
    (object.kind(), meta.namespace.clone(), meta.name.clone())
}

/// Whether an object makes others and has fewer than it wants.
pub(in crate::snapshot) fn is_short_of(object: &AnyObject) -> bool {
    match object {
        AnyObject::ReplicaSet(object) => object.is_short(),
        AnyObject::ReplicationController(object) => object.is_short(),
        AnyObject::StatefulSet(object) => object.is_short(),
        AnyObject::DaemonSet(object) => object.is_short(),
        AnyObject::Job(object) => object.is_short(),
        AnyObject::CronJob(object) => object.is_short(),
        AnyObject::Deployment(object) => object.is_short(),
        _ => false,
    }
}
