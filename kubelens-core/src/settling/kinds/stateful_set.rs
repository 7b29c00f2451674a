use jiff::SignedDuration;

use crate::kubernetes::{Kind, Pod, StatefulSet};
use crate::settling::pods::{self, Revision};
use crate::settling::stand::{Stand, unobserved, unread};
use crate::snapshot::Cluster;

/// The label that says which revision made a pod.
pub(super) const REVISION: &str = "controller-revision-hash";

pub(in crate::settling) fn stand(
    set: &StatefulSet,
    cluster: &Cluster<'_>,
    stable_for: SignedDuration,
) -> Stand {
    let meta = &set.metadata;
    let status = &set.status;
    let wanted = set.spec.replicas.unwrap_or(1);
    if let Some(stand) = unobserved(meta, status.observed_generation) {
        return stand;
    }
    if status.replicas < wanted {
        return Stand::waits(format!("{} of {wanted} pods are there", status.replicas));
    }
    if status.replicas > wanted {
        return Stand::waits(format!(
            "{} pods are there and {wanted} are wanted",
            status.replicas
        ));
    }
    if status.ready_replicas < wanted {
        return Stand::waits(format!(
            "{} of {wanted} pods are ready",
            status.ready_replicas
        ));
    }
    let partition = partition(set);
    let first = set
        .spec
        .ordinals
        .as_ref()
        .map_or(0, |ordinals| ordinals.start);
    if !is_by_hand(set) {
        let to_update = wanted - (partition - first).clamp(0, wanted);
        if status.updated_replicas < to_update {
            return Stand::waits(format!(
                "{} of {to_update} pods have the newest revision",
                status.updated_replicas
            ));
        }
        if partition <= first
            && !status.update_revision.is_empty()
            && status.current_revision != status.update_revision
        {
            return Stand::waits("its current revision is not the newest yet");
        }
    }
    if let Some(stand) = unread(cluster, &[Kind::Pod], &meta.namespace) {
        return stand;
    }
    pods::stand(cluster, &revision(set, cluster), wanted, stable_for)
}

/// The pods of its newest revision, and those that it replaces; a partition leaves the pods below it as they are,
/// and `OnDelete` leaves all of them.
pub(in crate::settling) fn revision<'a>(
    set: &'a StatefulSet,
    cluster: &Cluster<'a>,
) -> Revision<'a> {
    let meta = &set.metadata;
    let newest = &set.status.update_revision;
    let is_by_hand = is_by_hand(set);
    let partition = partition(set);
    let is_updated = |pod: &Pod| {
        is_by_hand
            || newest.is_empty()
            || pod.metadata.labels.value(REVISION) == Some(newest.as_str())
            || ordinal(pod).is_some_and(|ordinal| ordinal < partition)
    };
    let mut revision = Revision::of(cluster.controlled_pods(meta), is_updated);
    revision
        .older
        .extend(pods::orphans(cluster, &meta.namespace, &set.spec.selector));
    revision
}

fn is_by_hand(set: &StatefulSet) -> bool {
    set.spec.update_strategy.type_ == "OnDelete"
}

fn partition(set: &StatefulSet) -> i64 {
    let update = set.spec.update_strategy.rolling_update.as_ref();
    update.and_then(|update| update.partition).unwrap_or(0)
}

fn ordinal(pod: &Pod) -> Option<i64> {
    pod.metadata.name.rsplit_once('-')?.1.parse().ok()
}
