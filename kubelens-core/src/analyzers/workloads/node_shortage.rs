//! Whether a node itself ran out of memory when a container was killed.

use crate::kubernetes::{Event, Pod, Terminated};
use crate::snapshot::Cluster;

/// Seconds around a kill in which the node's own shortage counts as its reason.
const SAME_MOMENT: i64 = 60;

/// The event by which the pod's node says that it ran out of memory at the end of this run.
pub(super) fn shortage_of_the_node<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    end: &Terminated,
) -> Option<&'a Event> {
    let killed = end.finished_at.filter(|_| end.exit_code == 137)?;
    cluster
        .events_about("Node", "", &pod.node_name, "")
        .rev()
        .find(|event| {
            event.reason == "SystemOOM"
                && event
                    .last_seen()
                    .is_some_and(|seen| seen.duration_since(killed).as_secs().abs() <= SAME_MOMENT)
        })
}
