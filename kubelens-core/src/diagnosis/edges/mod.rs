//! Which sighting explains which, one relation a file.

mod blamed_object;
mod broken_node;
mod cordoned_node;
mod failed_by_rule;
mod lost_devices;
mod lost_with_node;
mod node_fault;
mod owned_pods;
mod same_object;
mod selected_pods;
mod sibling_pods;
mod superseded_pod;

use super::graph::Edge;
use super::index::{Index, Seen};
use crate::model::Severity;
use crate::snapshot::Cluster;

/// All relations between the sightings.
pub(super) fn all(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let mut edges = blamed_object::edges(index);
    edges.extend(broken_node::edges(index));
    edges.extend(cordoned_node::edges(index));
    edges.extend(node_fault::edges(index));
    edges.extend(lost_devices::edges(index));
    edges.extend(lost_with_node::edges(index, cluster));
    edges.extend(same_object::edges(index, &edges));
    edges.extend(sibling_pods::edges(index, &edges));
    edges.extend(owned_pods::edges(index, cluster));
    edges.extend(failed_by_rule::edges(index));
    edges.extend(selected_pods::edges(index, cluster));
    edges.extend(superseded_pod::edges(index));
    edges.retain(|edge| !is_note_for_a_fault(index, edge));
    edges
}

/// Whether an edge explains a fault by a mere note.
fn is_note_for_a_fault(index: &Index<'_>, edge: &Edge) -> bool {
    let (Some(cause), Some(effect)) = (index.get(edge.cause), index.get(edge.effect)) else {
        return false;
    };
    cause.severity() == Severity::Info && effect.severity() > Severity::Info && !is_intent(cause)
}

/// What somebody asked for on purpose is only a note by itself, and still the reason why something
/// that depends on it does not work: scaled to zero, cordoned, paused, suspended. Any other note
/// explains no fault.
fn is_intent(seen: &Seen<'_>) -> bool {
    matches!(seen.code(), "ROL016" | "NOD008" | "ROL005" | "JOB007")
}
