use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::sorted::{by_name, put, take};
use crate::kubernetes::{AnyObject, Job, Object, Pod, ReplicaSet, Tables, Text};

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

    pub(super) fn put(&mut self, object: &AnyObject) {
        match object {
            AnyObject::Pod(pod) => put_under_controller(&mut self.pods, pod),
            AnyObject::ReplicaSet(set) => put_under_controller(&mut self.replica_sets, set),
            AnyObject::Job(job) => put_under_controller(&mut self.jobs, job),
            _ => {}
        }
    }

    pub(super) fn take(&mut self, object: &AnyObject) {
        match object {
            AnyObject::Pod(pod) => take_from_controller(&mut self.pods, pod),
            AnyObject::ReplicaSet(set) => take_from_controller(&mut self.replica_sets, set),
            AnyObject::Job(job) => take_from_controller(&mut self.jobs, job),
            _ => {}
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
    let mut by_controller = HashMap::default();
    objects.for_each(|object| put_under_controller(&mut by_controller, object));
    by_controller
}

fn put_under_controller<T: Object>(
    all: &mut HashMap<Text, Vec<Arc<T>>, RandomState>,
    object: &Arc<T>,
) {
    if let Some(owner) = object.metadata().controller() {
        put(all.entry(owner.uid.clone()).or_default(), object, by_name);
    }
}

fn take_from_controller<T: Object>(
    all: &mut HashMap<Text, Vec<Arc<T>>, RandomState>,
    object: &Arc<T>,
) {
    if let Some(owner) = object.metadata().controller() {
        take(all, &owner.uid, object, by_name);
    }
}
