use jiff::SignedDuration;

use super::stateful_set::REVISION;
use crate::kubernetes::{ControllerRevision, DaemonSet, Kind, Pod};
use crate::settling::pods::{self, Revision};
use crate::settling::stand::{Stand, unobserved, unread};
use crate::snapshot::Cluster;

pub(in crate::settling) fn stand(
    set: &DaemonSet,
    cluster: &Cluster<'_>,
    stable_for: SignedDuration,
) -> Stand {
    let meta = &set.metadata;
    let status = &set.status;
    let wanted = status.desired_number_scheduled;
    if let Some(stand) = unobserved(meta, status.observed_generation) {
        return stand;
    }
    let counts = [
        (status.current_number_scheduled, "nodes have their pod"),
        (
            if is_by_hand(set) {
                wanted
            } else {
                status.updated_number_scheduled
            },
            "pods have the newest revision",
        ),
        (status.number_ready, "pods are ready"),
        (status.number_available, "pods are available"),
    ];
    if let Some((count, what)) = counts.into_iter().find(|(count, _)| *count < wanted) {
        return Stand::waits(format!("{count} of {wanted} {what}"));
    }
    if let Some(stand) = unread(cluster, &[Kind::Pod], &meta.namespace) {
        return stand;
    }
    // A node may be added meanwhile: the controller's own count has said that there are enough.
    pods::stand(cluster, &revision(set, cluster), 0, stable_for)
}

/// The pods of its newest revision, and those that it replaces. Where revisions may not be read, all are current.
pub(in crate::settling) fn revision<'a>(set: &'a DaemonSet, cluster: &Cluster<'a>) -> Revision<'a> {
    let meta = &set.metadata;
    let is_by_hand = is_by_hand(set);
    let newest = cluster
        .in_namespace::<ControllerRevision>(&meta.namespace)
        .filter(|revision| {
            let owner = revision.metadata.controller();
            owner.is_some_and(|owner| owner.uid == meta.uid)
        })
        .max_by_key(|revision| revision.revision)
        .and_then(|revision| revision.metadata.labels.value(REVISION));
    let is_updated = |pod: &Pod| {
        is_by_hand
            || newest.is_none_or(|newest| pod.metadata.labels.value(REVISION) == Some(newest))
    };
    let mut revision = Revision::of(cluster.controlled_pods(meta), is_updated);
    revision
        .older
        .extend(pods::orphans(cluster, &meta.namespace, &set.spec.selector));
    revision
}

fn is_by_hand(set: &DaemonSet) -> bool {
    set.spec.update_strategy.type_ == "OnDelete"
}
