//! The template that a pod was made from: what the pod has beyond it, admission put in.

use crate::kubernetes::{
    DaemonSet, Job, Object, ObjectMeta, Pod, PodTemplate, ReplicaSet, StatefulSet,
};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// A template, and the object in which it stands.
#[derive(Debug, Clone)]
pub(super) struct Template<'a> {
    /// Whose template it is.
    pub(super) owner: ObjectRef,
    /// The template.
    pub(super) template: &'a PodTemplate,
}

/// Where the containers stand in the owner.
pub(super) const CONTAINERS: &str = "spec.template.spec.containers";

/// The template of a pod's controller, where the pod is sure to be made from what stands there now: a StatefulSet or a
/// DaemonSet may have been edited since. One without containers was not recorded.
pub(super) fn template_of<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Option<Template<'a>> {
    let found = template_of_controller(cluster, pod)?;
    (!found.template.spec.containers.is_empty()).then_some(found)
}

fn template_of_controller<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Option<Template<'a>> {
    let owner = pod.metadata.controller()?;
    let namespace = pod.metadata.namespace.as_str();
    let is_owner = |meta: &ObjectMeta| meta.uid == owner.uid;
    match owner.kind.as_str() {
        "ReplicaSet" => {
            let set = cluster.get::<ReplicaSet>(namespace, &owner.name)?;
            is_owner(&set.metadata).then(|| Template {
                owner: set.reference(),
                template: &set.spec.template,
            })
        }
        "StatefulSet" => {
            let set = cluster.get::<StatefulSet>(namespace, &owner.name)?;
            let revision = pod.metadata.labels.value("controller-revision-hash");
            let is_newest = revision == Some(set.status.update_revision.as_str());
            (is_owner(&set.metadata) && is_newest).then(|| Template {
                owner: set.reference(),
                template: &set.spec.template,
            })
        }
        "DaemonSet" => {
            let set = cluster.get::<DaemonSet>(namespace, &owner.name)?;
            let status = &set.status;
            let are_all_new = status.updated_number_scheduled >= status.desired_number_scheduled;
            (is_owner(&set.metadata) && are_all_new).then(|| Template {
                owner: set.reference(),
                template: &set.spec.template,
            })
        }
        "Job" => {
            let job = cluster.get::<Job>(namespace, &owner.name)?;
            is_owner(&job.metadata).then(|| Template {
                owner: job.reference(),
                template: &job.spec.template,
            })
        }
        _ => None,
    }
}

impl Template<'_> {
    /// The names of its containers, as proof of what is not among them.
    pub(super) fn names(&self) -> String {
        let spec = &self.template.spec;
        let names: Vec<&str> = spec
            .all_containers()
            .map(|(_, container)| container.name.as_str())
            .collect();
        names.join(", ")
    }
}
