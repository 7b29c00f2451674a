//! The storage system in the cluster on which a pod keeps its data.

use super::drivers::{storage_systems, volumes_of_the_system};
use crate::analysis::Sighting;
use crate::analyzers::log_host::{Target, resolve, suspects_of_service};
use crate::analyzers::pattern::Pattern;
use crate::analyzers::scheduling::pod_volumes::bound;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// What programs say whose disk gives errors, takes no more, or does not answer.
static OF_A_DISK: Pattern = Pattern::new(
    r"(?i)input/output error|\bEIO\b|buffer i/o error|disk i/o error|read-only file ?system|\bEROFS\b|no space left on device|\bENOSPC\b|could not fsync|f(?:data)?sync.{0,40}(?:fail|error|took|slow)|semaphore wait has lasted|blocked for more than \d+|stale (?:NFS )?file handle|transport endpoint is not connected|disk stall",
);

/// The sighting of a pod's log with the storage system below its volumes as what may be the reason, where one of the lines
/// tells of a disk. Reads PersistentVolumeClaim and PersistentVolume.
pub(in crate::analyzers) fn blaming_the_system<'l>(
    mut sighting: Sighting,
    cluster: &Cluster<'_>,
    pod: &Pod,
    lines: impl IntoIterator<Item = &'l str>,
) -> Sighting {
    if !lines.into_iter().any(|line| OF_A_DISK.is_in(line)) {
        return sighting;
    }
    for (system, proof) in systems_below(cluster, pod) {
        sighting = sighting.blames(system, "stores").evidence(proof);
    }
    sighting
}

/// The sighting of a program that hangs with the storage system below its volumes as the reason, where that takes no
/// more requests: Ceph does so at HEALTH_ERR. Reads PersistentVolumeClaim and PersistentVolume.
pub(in crate::analyzers) fn blaming_a_stopped_system(
    mut sighting: Sighting,
    cluster: &Cluster<'_>,
    pod: &Pod,
) -> Sighting {
    for (system, proof) in systems_below(cluster, pod) {
        let has_stopped = cluster.customs("ceph.rook.io", "CephCluster").any(|ceph| {
            ceph.status_text("/ceph/health") == "HEALTH_ERR" && ceph.reference().is_same(&system)
        });
        if has_stopped {
            sighting = sighting.blames(system, "stores").evidence(proof);
        }
    }
    sighting
}

/// The sighting of a program that hangs with the server of a share as the reason, where that is a Service of the cluster
/// without a ready pod: a file on such a share answers to nobody. Reads PersistentVolumeClaim, PersistentVolume, Service,
/// Ingress, Namespace, Pod and the kinds of workloads.
pub(in crate::analyzers) fn blaming_an_absent_share(
    mut sighting: Sighting,
    cluster: &Cluster<'_>,
    pod: &Pod,
) -> Sighting {
    let namespace = pod.metadata.namespace.as_str();
    let of_volumes = bound(cluster, pod)
        .into_iter()
        .filter_map(|bound| bound.volume.spec.nfs.as_ref());
    let inline = pod.spec.volumes.iter();
    let inline = inline.filter_map(|volume| volume.nfs.as_deref());
    for share in of_volumes.chain(inline) {
        let Target::Service(service) = resolve(cluster, namespace, &share.server) else {
            continue;
        };
        let pods = cluster.pods_behind(service);
        if pods.is_empty() || pods.iter().any(|pod| pod.is_ready()) {
            continue;
        }
        let share = format!("{}:{}", share.server, share.path);
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.volumes[*].nfs",
            share,
        ));
        for (object, _) in suspects_of_service(cluster, service) {
            sighting = sighting.blames(object, "stores");
        }
    }
    sighting
}

/// The storage systems below the claims of a pod, each with the volume that leads to it.
fn systems_below(cluster: &Cluster<'_>, pod: &Pod) -> Vec<(ObjectRef, Evidence)> {
    let mut all: Vec<(ObjectRef, Evidence)> = Vec::new();
    for bound in bound(cluster, pod) {
        let Some(csi) = bound.volume.spec.csi.as_ref() else {
            continue;
        };
        let name = &bound.volume.metadata.name;
        let own = volumes_of_the_system(cluster, name).into_iter();
        for system in own.chain(storage_systems(cluster, &csi.driver)) {
            if !all.iter().any(|(known, _)| known.is_same(&system)) {
                let volume = ObjectRef::cluster_scoped("v1", "PersistentVolume", name);
                all.push((
                    system,
                    Evidence::field(volume, "spec.csi.driver", &csi.driver),
                ));
            }
        }
    }
    all
}
