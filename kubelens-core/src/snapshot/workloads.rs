//! Which workloads there are, and what stands for itself where its maker is not known.

use super::reads::Question;
use super::{Cluster, Workload};
use crate::kubernetes::{Kind, Object, ObjectMeta};
use crate::model::ObjectRef;

impl<'a> Cluster<'a> {
    /// The workload that a reference names, if it is in the picture.
    pub fn workload(&self, reference: &ObjectRef) -> Option<Workload<'a>> {
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        let name = &reference.name;
        Some(match reference.kind.as_str() {
            "Deployment" => Workload::Deployment(self.get(namespace, name)?),
            "StatefulSet" => Workload::StatefulSet(self.get(namespace, name)?),
            "DaemonSet" => Workload::DaemonSet(self.get(namespace, name)?),
            "ReplicaSet" => Workload::ReplicaSet(self.get(namespace, name)?),
            "ReplicationController" => Workload::ReplicationController(self.get(namespace, name)?),
            "Job" => Workload::Job(self.get(namespace, name)?),
            "CronJob" => Workload::CronJob(self.get(namespace, name)?),
            "Pod" => Workload::Pod(self.get(namespace, name)?),
            _ => return None,
        })
    }

    /// The namespaces in which anything runs or is asked to run, sorted.
    pub fn all_namespaces(&self) -> Vec<String> {
        let tables = self.snapshot.tables();
        let mut names: Vec<String> = Workload::KINDS
            .into_iter()
            .inspect(|kind| self.note(Question::Namespaces(*kind)))
            .flat_map(|kind| tables.namespaces_of(kind))
            .map(ToString::to_string)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// All workloads of a namespace: what no other controls.
    pub fn workloads_in(&self, namespace: &str) -> Vec<Workload<'a>> {
        let mut all: Vec<Workload<'a>> = Vec::new();
        all.extend(self.uncontrolled(namespace).map(Workload::Deployment));
        all.extend(self.uncontrolled(namespace).map(Workload::StatefulSet));
        all.extend(self.uncontrolled(namespace).map(Workload::DaemonSet));
        all.extend(self.uncontrolled(namespace).map(Workload::CronJob));
        all.extend(self.uncontrolled(namespace).map(Workload::ReplicaSet));
        all.extend(
            self.uncontrolled(namespace)
                .map(Workload::ReplicationController),
        );
        all.extend(self.uncontrolled(namespace).map(Workload::Job));
        self.touch(Kind::Pod);
        self.note(Question::Uncontrolled(Kind::Pod, namespace));
        let bare = self.snapshot.relations().bare_pods.in_namespace(namespace);
        all.extend(bare.iter().map(|pod| Workload::Pod(pod)));
        all.extend(self.orphans(namespace).map(Workload::Pod));
        all
    }

    /// Whether an object is not made by a workload that is in the picture, or that would be if it were there: pods alone
    /// in a file have lost their ReplicaSets, and are then all that is known of a workload.
    pub(crate) fn stands_for_itself(&self, meta: &ObjectMeta) -> bool {
        meta.workload_controller().is_none() || self.is_orphan(meta)
    }

    /// Whether it is made by a workload of a kind that could not be read in full, and that is not in the picture.
    fn is_orphan(&self, meta: &ObjectMeta) -> bool {
        let Some((kind, owner)) = meta.workload_controller() else {
            return false;
        };
        if kind == Kind::Node || self.is_complete(kind, &meta.namespace) {
            return false;
        }
        self.note(Question::Object(kind, &meta.namespace, &owner.name));
        let tables = &self.snapshot.tables;
        tables
            .metadata(kind, &meta.namespace, &owner.name)
            .is_none()
    }

    /// The objects of a kind whose workload is not known.
    fn orphans<T: Object>(&self, namespace: &str) -> impl Iterator<Item = &'a T> {
        let are_known = Workload::KINDS
            .iter()
            .filter(|kind| kind.makes_pods())
            .all(|kind| self.is_complete(*kind, namespace));
        (!are_known)
            .then(|| self.in_namespace::<T>(namespace))
            .into_iter()
            .flatten()
            .filter(|object| self.is_orphan(object.metadata()))
    }

    /// The objects of a kind in one namespace that no workload controls, by name.
    fn uncontrolled<T: Object>(&self, namespace: &str) -> impl Iterator<Item = &'a T> {
        self.touch(T::KIND);
        self.note(Question::Uncontrolled(T::KIND, namespace));
        self.snapshot
            .table::<T>()
            .in_namespace(namespace)
            .map(|object| &**object)
            .filter(|object| object.metadata().workload_controller().is_none())
            .chain(self.orphans(namespace))
    }
}
