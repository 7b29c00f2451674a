use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::kubernetes::{Job, Object, Pod, ReplicaSet, Tables, Text};

/// Objects by the uid of their controller.
#[derive(Debug)]
pub(in crate::snapshot) struct Owners {
    pods: HashMap<Text, Vec<Arc<Pod>>, RandomState>,
    replica_sets: HashMap<Text, Vec<Arc<ReplicaSet>>, RandomState>,
    jobs: HashMap<Text, Vec<Arc<Job>>, RandomState>,
}

impl Owners {
    pub(super) fn of(tables: &Tables) -> Self {
        Self {
            pods: by_controller(tables.pods.iter()),
            replica_sets: by_controller(tables.replica_sets.iter()),
            jobs: by_controller(tables.jobs.iter()),
        }
    }

    /// The pods that the object of this uid controls itself.
    pub(in crate::snapshot) fn pods(&self, uid: &str) -> &[Arc<Pod>] {
        self.pods.get(uid).map_or(&[], Vec::as_slice)
    }

    /// The ReplicaSets that the object of this uid controls.
    pub(in crate::snapshot) fn replica_sets(&self, uid: &str) -> &[Arc<ReplicaSet>] {
        self.replica_sets.get(uid).map_or(&[], Vec::as_slice)
    }

    /// The Jobs that the object of this uid controls.
    pub(in crate::snapshot) fn jobs(&self, uid: &str) -> &[Arc<Job>] {
        self.jobs.get(uid).map_or(&[], Vec::as_slice)
    }
}

fn by_controller<'a, T: Object>(
    objects: impl Iterator<Item = &'a Arc<T>>,
) -> HashMap<Text, Vec<Arc<T>>, RandomState> {
    let mut by_controller: HashMap<Text, Vec<Arc<T>>, RandomState> = HashMap::default();
    for object in objects {
        if let Some(owner) = object.metadata().controller() {
            by_controller
                .entry(owner.uid.clone())
                .or_default()
                .push(Arc::clone(object));
        }
    }
    by_controller
}
