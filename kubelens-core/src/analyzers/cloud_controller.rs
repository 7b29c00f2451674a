//! The controller of a cloud, which initializes nodes and makes load balancers.

use crate::kubernetes::{DaemonSet, Deployment, Object, PodSpec};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// The workloads that run the cloud's controller: by the name of the program, which all of them keep.
pub(super) fn cloud_controllers(cluster: &Cluster<'_>) -> Vec<ObjectRef> {
    let is_one = |name: &str, spec: &PodSpec| {
        name.contains(CLOUD_CONTROLLER)
            || spec.all_containers().any(|(_, container)| {
                container.image.contains(CLOUD_CONTROLLER)
                    || container
                        .command
                        .iter()
                        .any(|word| word.contains(CLOUD_CONTROLLER))
            })
    };
    let deployments = cluster
        .all::<Deployment>()
        .filter(|it| is_one(&it.metadata.name, &it.spec.template.spec))
        .map(Object::reference);
    let sets = cluster
        .all::<DaemonSet>()
        .filter(|it| is_one(&it.metadata.name, &it.spec.template.spec))
        .map(Object::reference);
    deployments.chain(sets).collect()
}

/// What the program is called, whatever the cloud.
const CLOUD_CONTROLLER: &str = "cloud-controller-manager";
