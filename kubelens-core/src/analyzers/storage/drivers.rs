//! Which workloads carry a storage driver: found by the driver's name in their pods' arguments,
//! variables and host paths.

use crate::kubernetes::{DaemonSet, Deployment, Lease, PersistentVolume, PodSpec, StatefulSet};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Workload};

/// The DaemonSet that serves the driver on every node: one whose pods name it, else the only one that is called after it.
pub(super) fn node_plugin<'a>(cluster: &Cluster<'a>, driver: &str) -> Option<&'a DaemonSet> {
    let named = cluster
        .all::<DaemonSet>()
        .find(|set| names(&set.spec.template.spec, driver));
    named.or_else(|| {
        let mut called = cluster
            .all::<DaemonSet>()
            .filter(|set| is_called_after(&set.metadata.name, driver));
        called.next().filter(|_| called.next().is_none())
    })
}

/// Parts of drivers' names that say nothing of the driver, or only whose cloud it is of.
const COMMON: [&str; 13] = [
    "aws", "azure", "ceph", "com", "csi", "driver", "gke", "google", "io", "k8s", "net", "org",
    "storage",
];

/// Whether a name is that of a node plugin of the driver: `longhorn-csi-plugin` of `driver.longhorn.io`.
fn is_called_after(name: &str, driver: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let mut own = driver.split('.').filter(|part| !COMMON.contains(part));
    parts.contains(&"csi") && own.any(|part| parts.contains(&part))
}

/// The Deployment or StatefulSet that makes volumes for the driver: one that names it, else the only
/// one with a provisioner where the driver is at home.
pub(super) fn controller<'a>(cluster: &Cluster<'a>, driver: &str) -> Option<Workload<'a>> {
    named_controller(cluster, driver).or_else(|| controller_at_home(cluster, driver))
}

fn named_controller<'a>(cluster: &Cluster<'a>, driver: &str) -> Option<Workload<'a>> {
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

/// The storage systems behind a driver that stand in the cluster themselves: Rook puts the namespace of its Ceph before
/// the name of the driver.
pub(super) fn storage_systems(cluster: &Cluster<'_>, driver: &str) -> Vec<ObjectRef> {
    let Some((namespace, _)) = driver
        .split_once('.')
        .filter(|(_, rest)| rest.ends_with("csi.ceph.com"))
    else {
        return Vec::new();
    };
    let all: Vec<ObjectRef> = cluster
        .customs("ceph.rook.io", "CephCluster")
        .map(crate::kubernetes::CustomObject::reference)
        .collect();
    // Without a namespace it is the driver's own name, and then leads to the only one there is.
    if let ([only], true) = (&*all, OWN_NAMES.contains(&driver)) {
        return vec![only.clone()];
    }
    all.into_iter()
        .filter(|system| system.namespace.as_deref() == Some(namespace))
        .collect()
}

/// How the drivers of Ceph call themselves.
const OWN_NAMES: [&str; 2] = ["rbd.csi.ceph.com", "cephfs.csi.ceph.com"];

/// What a storage system in the cluster keeps of a volume: its object has the name that the driver calls the volume by,
/// or that of the PersistentVolume, which provisioners ask for.
pub(super) fn volumes_of_the_system(cluster: &Cluster<'_>, volume: &str) -> Vec<ObjectRef> {
    let csi = cluster
        .get::<PersistentVolume>("", volume)
        .and_then(|volume| volume.spec.csi.as_ref());
    let Some(csi) = csi else {
        return Vec::new();
    };
    let names = [csi.volume_handle.as_str(), volume];
    cluster
        .custom("Volume")
        .iter()
        .filter(|system| names.contains(&system.metadata.name.as_str()))
        .map(|system| system.reference())
        .collect()
}

/// Most controllers learn the driver's name from its socket. They stand in the namespace of its node
/// plugin, or of the Lease that external-provisioner takes in the driver's name.
fn controller_at_home<'a>(cluster: &Cluster<'a>, driver: &str) -> Option<Workload<'a>> {
    let lease = driver.replace(['.', '/'], "-");
    let home = node_plugin(cluster, driver)
        .map(|set| set.metadata.namespace.as_str())
        .or_else(|| {
            cluster
                .all::<Lease>()
                .find(|held| held.metadata.name.replace(['.', '/'], "-").contains(&lease))
                .map(|held| held.metadata.namespace.as_str())
        })?;
    let deployments = cluster
        .in_namespace::<Deployment>(home)
        .filter(|it| provisions(&it.spec.template.spec))
        .map(Workload::Deployment);
    let sets = cluster
        .in_namespace::<StatefulSet>(home)
        .filter(|it| provisions(&it.spec.template.spec))
        .map(Workload::StatefulSet);
    let mut all = deployments.chain(sets);
    all.next().filter(|_| all.next().is_none())
}

/// Whether a container of the pods is the program that makes volumes of claims.
fn provisions(spec: &PodSpec) -> bool {
    spec.all_containers().any(|(_, container)| {
        let program = container.image_name();
        ["csi-provisioner", "external-provisioner"]
            .iter()
            .any(|name| program.starts_with(name))
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

#[cfg(test)]
mod tests {
    use super::is_called_after;

    #[test]
    fn a_node_plugin_is_called_after_what_is_its_drivers_own() {
        for (name, driver, is_so) in [
            ("longhorn-csi-plugin", "driver.longhorn.io", true),
            ("ebs-csi-node", "ebs.csi.aws.com", true),
            ("aws-ebs-csi-driver", "efs.csi.aws.com", false),
            ("longhorn-manager", "driver.longhorn.io", false),
        ] {
            assert_eq!(is_called_after(name, driver), is_so, "{name}");
        }
    }
}
