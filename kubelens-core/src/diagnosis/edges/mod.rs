//! Which sighting explains which, one relation a file.

mod blamed_object;
pub(super) mod broken_node;
pub(super) mod cordoned_node;
mod failed_by_rule;
pub(super) mod failing_store;
mod injected_container;
mod lost_devices;
pub(super) mod lost_with_node;
pub(super) mod measured_use;
pub(super) mod missing_machine;
mod nameless_set;
pub(super) mod network_agent;
pub(super) mod node_fault;
pub(super) mod operator_down;
mod own_pod;
pub(super) mod owned_pods;
pub(super) mod refusing_server;
pub(super) mod same_node;
mod same_object;
pub(super) mod selected_pods;
mod sibling_pods;
mod superseded_pod;
mod waiting_correction;
mod waiting_member;

use super::graph::Edge;
use super::index::{Index, Seen};
use crate::analysis::Role;
use crate::model::Severity;
use crate::snapshot::Cluster;

/// All relations between the sightings.
pub(super) fn all(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let mut edges = blamed_object::edges(index);
    edges.extend(broken_node::edges(index));
    edges.extend(cordoned_node::edges(index));
    edges.extend(node_fault::edges(index));
    edges.extend(lost_devices::edges(index));
    edges.extend(network_agent::edges(index));
    edges.extend(same_node::edges(index));
    edges.extend(missing_machine::edges(index, cluster));
    edges.extend(operator_down::edges(index));
    edges.extend(failing_store::edges(index));
    edges.extend(refusing_server::edges(index));
    edges.extend(lost_with_node::edges(index, cluster));
    edges.extend(own_pod::edges(index));
    let injected = injected_container::edges(index, &edges);
    edges.extend(same_object::edges(index, &edges));
    edges.extend(injected);
    edges.retain(|edge| !measured_use::is_part(index, edge) && !is_about_an_opinion(index, edge));
    edges.extend(sibling_pods::edges(index, &edges));
    edges.extend(owned_pods::edges(index, cluster));
    edges.extend(failed_by_rule::edges(index));
    edges.extend(selected_pods::edges(index, cluster));
    edges.extend(superseded_pod::edges(index));
    edges.extend(waiting_correction::edges(index, cluster));
    edges.extend(waiting_member::edges(index));
    edges.retain(|edge| !measured_use::is_part(index, edge));
    edges.extend(measured_use::edges(index, &edges, cluster));
    edges.retain(|edge| !is_note_for_a_fault(index, edge) && !is_about_an_opinion(index, edge));
    edges
}

/// Whether an edge explains anything by an opinion, or an opinion that is no symptom of anything: a container that
/// may run as root does not crash for that reason, and a fault does not make it root.
fn is_about_an_opinion(index: &Index<'_>, edge: &Edge) -> bool {
    let (Some(cause), Some(effect)) = (index.get(edge.cause), index.get(edge.effect)) else {
        return false;
    };
    let is_of_its_own = effect.analyzer.is_opinion() && effect.analyzer.role != Role::Symptom;
    cause.analyzer.is_opinion() || is_of_its_own
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
