use super::Cluster;
use super::reads::Question;
use crate::kubernetes::{Kind, Pod, ReplicaSet};

impl<'a> Cluster<'a> {
    /// The other pods of the same workload, those of a Deployment's other revisions among them.
    pub fn siblings_of(&self, pod: &'a Pod) -> Vec<&'a Pod> {
        self.touch(Kind::Pod);
        let Some(owner) = pod.metadata.controller() else {
            return Vec::new();
        };
        self.note(Question::Controlled(Kind::Pod, &owner.uid));
        let owners = &self.snapshot.relations().owners;
        let sets = self.snapshot.table::<ReplicaSet>();
        let deployment = (owner.kind == "ReplicaSet")
            .then(|| {
                let (namespace, name) = (&pod.metadata.namespace, &owner.name);
                self.note(Question::Object(Kind::ReplicaSet, namespace, name));
                sets.get(namespace, name)
            })
            .flatten()
            .and_then(|set| set.metadata.controller());
        let all: Vec<&'a Pod> = match deployment {
            Some(deployment) => {
                self.note(Question::Controlled(Kind::ReplicaSet, &deployment.uid));
                owners
                    .replica_sets(&deployment.uid)
                    .iter()
                    .inspect(|set| self.note(Question::Controlled(Kind::Pod, &set.metadata.uid)))
                    .flat_map(|set| owners.pods(&set.metadata.uid))
                    .map(|sibling| &**sibling)
                    .collect()
            }
            None => owners
                .pods(&owner.uid)
                .iter()
                .map(|sibling| &**sibling)
                .collect(),
        };
        all.into_iter()
            .filter(|sibling| sibling.metadata.name != pod.metadata.name)
            .collect()
    }

    /// Whether another pod of the same workload serves now.
    pub fn has_ready_sibling(&self, pod: &'a Pod) -> bool {
        self.siblings_of(pod)
            .into_iter()
            .any(|sibling| sibling.is_live() && sibling.is_ready())
    }

    /// Whether another pod does the same work now: the pods of a Deployment stand in for one another, those of a
    /// StatefulSet or DaemonSet have places of their own.
    pub fn is_stood_in_for(&self, pod: &'a Pod) -> bool {
        let owner = pod.metadata.controller();
        owner.is_some_and(|owner| owner.kind == "ReplicaSet") && self.has_ready_sibling(pod)
    }
}
