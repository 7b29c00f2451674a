//! The storage system behind a driver, where it runs in the cluster itself, and the pods that work
//! for one claim.

use std::collections::BTreeMap;

use crate::kubernetes::{PersistentVolume, Pod, StorageClass};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Words of a driver whose storage system gives no answer.
const SILENCE: [&str; 6] = [
    "deadlineexceeded",
    "deadline exceeded",
    "timed out",
    "code = unavailable",
    "connection refused",
    "an operation with the given volume id",
];

/// Whether the storage system did not answer, as the driver says.
pub(super) fn is_silence(text: &str) -> bool {
    let text = text.to_lowercase();
    SILENCE.iter().any(|words| text.contains(words))
}

/// Parameters of a class that name the namespace of the storage system.
const HOMES: [&str; 2] = ["clusterID", "clusterNamespace"];

/// Namespaces in which much stands that is no storage system.
const SHARED: [&str; 3] = ["", "default", "kube-system"];

/// The workloads of the class's storage system that have pods which are not ready. Who calls it reads
/// StorageClass and Pod.
pub(super) fn unwell_behind_class(cluster: &Cluster<'_>, class: &str) -> Vec<ObjectRef> {
    let Some(class) = cluster.get::<StorageClass>("", class) else {
        return Vec::new();
    };
    let homes = class
        .parameters
        .iter()
        .filter(|(key, _)| key.ends_with("-secret-namespace") || HOMES.contains(&key.as_str()));
    unwell_in(cluster, homes.map(|(_, value)| value.as_str()))
}

/// The same behind a volume. Who calls it reads StorageClass and Pod.
pub(super) fn unwell_behind_volume(
    cluster: &Cluster<'_>,
    volume: &PersistentVolume,
) -> Vec<ObjectRef> {
    let secret = volume
        .spec
        .csi
        .as_ref()
        .and_then(|csi| csi.node_stage_secret_ref.as_ref());
    let mut all = unwell_in(
        cluster,
        secret.into_iter().map(|secret| secret.namespace.as_str()),
    );
    for workload in unwell_behind_class(cluster, &volume.spec.storage_class_name) {
        if !all.iter().any(|known| known.is_same(&workload)) {
            all.push(workload);
        }
    }
    all
}

fn unwell_in<'n>(
    cluster: &Cluster<'_>,
    namespaces: impl Iterator<Item = &'n str>,
) -> Vec<ObjectRef> {
    let mut names: Vec<&str> = namespaces
        .filter(|name| !SHARED.contains(name) && !name.contains('$'))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut all: Vec<ObjectRef> = Vec::new();
    for name in names {
        for pod in cluster.in_namespace::<Pod>(name) {
            if pod.is_live() && !pod.is_ready() {
                let top = cluster.top_of(pod);
                if !all.iter().any(|known| known.is_same(&top)) {
                    all.push(top);
                }
            }
        }
    }
    all
}

/// Pods by the claim for which they work: provisioners that act by pods (of local paths, of imports)
/// name them after the volume that is to be, `pvc-` and the claim's uid.
#[derive(Debug)]
struct Helpers(BTreeMap<String, ObjectRef>);

/// Length of a uid as text.
const UID: usize = 36;

impl Helpers {
    fn of(cluster: &Cluster<'_>) -> Self {
        let pods = cluster.all::<Pod>().filter(|pod| pod.is_live());
        Self(
            pods.filter_map(|pod| {
                let (_, rest) = pod.metadata.name.split_once("-pvc-")?;
                Some((rest.get(..UID)?.to_owned(), cluster.top_of(pod)))
            })
            .collect(),
        )
    }
}

/// The pod, or its owner, that works for the claim. Who calls it reads Pod.
pub(super) fn helper_of(cluster: &Cluster<'_>, uid: &str) -> Option<ObjectRef> {
    cluster.once(Helpers::of).0.get(uid).cloned()
}
