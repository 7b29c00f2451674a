use jiff::SignedDuration;

use crate::kubernetes::{Condition, Deployment, Kind, condition};
use crate::settling::pods::{self, Revision};
use crate::settling::stand::{Stand, unobserved, unread};
use crate::snapshot::Cluster;

/// The kinds that the answer hangs on.
const NEEDED: &[Kind] = &[Kind::ReplicaSet, Kind::Pod];

pub(in crate::settling) fn stand(
    deployment: &Deployment,
    cluster: &Cluster<'_>,
    stable_for: SignedDuration,
) -> Stand {
    let meta = &deployment.metadata;
    let status = &deployment.status;
    let wanted = deployment.spec.replicas.unwrap_or(1);
    if let Some(stand) = unobserved(meta, status.observed_generation) {
        return stand;
    }
    let progressing = condition(&status.conditions, "Progressing");
    if let Some(late) = progressing.filter(|one| one.reason == "ProgressDeadlineExceeded") {
        return Stand::Failed(format!("its progress deadline passed: {}", late.message));
    }
    if status.updated_replicas < wanted {
        let paused = if deployment.spec.paused {
            ", and it is paused: kubectl rollout resume"
        } else {
            ""
        };
        return Stand::waits(format!(
            "{} of {wanted} pods have the newest revision{paused}",
            status.updated_replicas
        ));
    }
    if status.replicas > status.updated_replicas {
        return Stand::waits(format!(
            "{} of an older revision are left",
            crate::model::counted(
                usize::try_from(status.replicas - status.updated_replicas).unwrap_or_default(),
                "pod"
            )
        ));
    }
    if status.available_replicas < wanted {
        return Stand::waits(format!(
            "{} of {wanted} pods are available",
            status.available_replicas
        ));
    }
    if progressing.is_some_and(Condition::is_false) {
        return Stand::waits("its condition Progressing is False");
    }
    if let Some(stand) = unread(cluster, NEEDED, &meta.namespace) {
        return stand;
    }
    pods::stand(cluster, &revision(deployment, cluster), wanted, stable_for)
}

/// The pods of its newest revision, and those that it replaces.
pub(in crate::settling) fn revision<'a>(
    deployment: &'a Deployment,
    cluster: &Cluster<'a>,
) -> Revision<'a> {
    let meta = &deployment.metadata;
    let newest = cluster.newest_replica_set(meta);
    let own = cluster
        .replica_sets_of(meta)
        .flat_map(|set| cluster.controlled_pods(&set.metadata));
    let mut revision = Revision::of(own, |pod| {
        let owner = pod.metadata.controller().map(|owner| owner.uid.as_str());
        owner.is_some() && owner == newest.map(|set| set.metadata.uid.as_str())
    });
    revision.older.extend(pods::orphans(
        cluster,
        &meta.namespace,
        &deployment.spec.selector,
    ));
    revision
}
