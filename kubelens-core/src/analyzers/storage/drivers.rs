//! Which workloads carry a storage driver: found by the driver's name in their pods' arguments,
//! variables and host paths.

use crate::kubernetes::{DaemonSet, Deployment, PodSpec, StatefulSet};
use crate::snapshot::{Cluster, Workload};

/// The DaemonSet that serves the driver on every node.
pub(super) fn node_plugin<'a>(cluster: &Cluster<'a>, driver: &str) -> Option<&'a DaemonSet> {
    cluster
        .all::<DaemonSet>()
        .find(|set| names(&set.spec.template.spec, driver))
}

/// The Deployment or StatefulSet that makes volumes for the driver.
pub(super) fn controller<'a>(cluster: &Cluster<'a>, driver: &str) -> Option<Workload<'a>> {
    let deployment = cluster
        .all::<Deployment>()
        .find(|deployment| names(&deployment.spec.template.spec, driver))
        .map(Workload::Deployment);
    deployment.or_else(|| {
        cluster
            .all::<StatefulSet>()
            .find(|set| names(&set.spec.template.spec, driver))
            .map(Workload::StatefulSet)
    })
}

/// How many of its pods are ready.
pub(super) const fn ready_pods(workload: &Workload<'_>) -> i64 {
    match workload {
        Workload::Deployment(deployment) => deployment.status.ready_replicas,
        Workload::StatefulSet(set) => set.status.ready_replicas,
        Workload::DaemonSet(set) => set.status.number_ready,
        _ => 0,
    }
}

fn names(spec: &PodSpec, driver: &str) -> bool {
    if driver.len() < 4 {
        return false;
    }
    let in_path = spec
        .volumes
        .iter()
        .filter_map(|volume| volume.host_path.as_ref())
        .any(|path| path.path.split('/').any(|part| part == driver));
    in_path
        || spec.all_containers().any(|(_, container)| {
            container
                .args
                .iter()
                .chain(&container.command)
                .any(|argument| argument.contains(driver))
                || container.env.iter().any(|variable| {
                    variable.value == *driver || variable.value.contains(&format!("/{driver}/"))
                })
        })
}
