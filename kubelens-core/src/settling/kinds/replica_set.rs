use jiff::SignedDuration;

use crate::kubernetes::{Kind, ObjectMeta, ReplicaSetStatus};
use crate::settling::pods::{self, Revision};
use crate::settling::stand::{Stand, unobserved, unread};
use crate::snapshot::Cluster;

/// A ReplicaSet or a ReplicationController. Neither replaces pods when its template changes: all pods are current.
pub(in crate::settling) fn stand(
    meta: &ObjectMeta,
    replicas: Option<i64>,
    status: &ReplicaSetStatus,
    cluster: &Cluster<'_>,
    stable_for: SignedDuration,
) -> Stand {
    let wanted = replicas.unwrap_or(1);
    if let Some(stand) = unobserved(meta, status.observed_generation) {
        return stand;
    }
    if status.replicas != wanted {
        return Stand::waits(format!("{} of {wanted} pods are there", status.replicas));
    }
    if status.ready_replicas < wanted {
        return Stand::waits(format!(
            "{} of {wanted} pods are ready",
            status.ready_replicas
        ));
    }
    if status.available_replicas < wanted {
        return Stand::waits(format!(
            "{} of {wanted} pods are available",
            status.available_replicas
        ));
    }
    if let Some(stand) = unread(cluster, &[Kind::Pod], &meta.namespace) {
        return stand;
    }
    pods::stand(cluster, &revision(meta, cluster), wanted, stable_for)
}

/// Its pods.
pub(in crate::settling) fn revision<'a>(meta: &ObjectMeta, cluster: &Cluster<'a>) -> Revision<'a> {
    Revision::of(cluster.controlled_pods(meta), |_| true)
}
