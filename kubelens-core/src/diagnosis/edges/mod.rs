//! Which sighting explains which, one relation a file.

mod blamed_object;
mod broken_node;
mod cordoned_node;
mod lost_with_node;
mod node_fault;
mod owned_pods;
mod same_object;
mod selected_pods;
mod sibling_pods;
mod superseded_pod;

use super::graph::Edge;
use super::index::Index;
use crate::snapshot::Cluster;

/// All relations between the sightings.
pub(super) fn all(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let mut edges = blamed_object::edges(index);
    edges.extend(broken_node::edges(index));
    edges.extend(cordoned_node::edges(index));
    edges.extend(node_fault::edges(index));
    edges.extend(lost_with_node::edges(index, cluster));
    edges.extend(same_object::edges(index, &edges));
    edges.extend(sibling_pods::edges(index, &edges));
    edges.extend(owned_pods::edges(index, cluster));
    edges.extend(selected_pods::edges(index, cluster));
    edges.extend(superseded_pod::edges(index));
    edges
}
