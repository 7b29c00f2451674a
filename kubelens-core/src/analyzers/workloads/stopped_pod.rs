//! Pods that the kubelet stopped or refused: when, and whether that still matters.

use jiff::Timestamp;

use crate::kubernetes::Pod;
use crate::model::Severity;
use crate::snapshot::Cluster;

/// When the pod was stopped: as its condition says, else when its last container ended, else when it
/// stopped being ready or was made.
pub(super) fn stopped_at(pod: &Pod) -> Option<Timestamp> {
    let transition = |type_: &str| {
        pod.condition(type_)
            .and_then(|condition| condition.last_transition_time)
    };
    let last_end = || {
        pod.containers()
            .filter_map(|container| container.last_end()?.finished_at)
            .max()
    };
    transition("DisruptionTarget")
        .or_else(last_end)
        .or_else(|| transition("Ready"))
        .or(pod.status.start_time)
        .or(pod.metadata.creation_timestamp)
}

/// How bad it is that the pod was stopped; none where others serve in its place and it is long ago.
pub(super) fn severity<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<Severity> {
    let siblings = cluster.siblings_of(pod);
    let live: Vec<_> = siblings
        .iter()
        .filter(|sibling| sibling.is_live())
        .collect();
    let is_replaced = !live.is_empty() && live.iter().all(|sibling| sibling.is_ready());
    let is_recent = cluster.is_within(
        stopped_at(pod),
        cluster.thresholds(&pod.metadata).evicted_window,
    );
    match (is_replaced, is_recent) {
        (true, false) => None,
        (true, true) => Some(Severity::Warning),
        // Something newer than this pod keeps its place empty and is told by itself.
        (false, false) if !live.is_empty() => None,
        (false, _) if live.iter().any(|sibling| sibling.is_ready()) => Some(Severity::Warning),
        (false, _) => Some(Severity::Critical),
    }
}
