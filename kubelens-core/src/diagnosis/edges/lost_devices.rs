use std::collections::BTreeSet;

use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};

/// Pods that wait for a device (SCH003) wait for the node that has lost its own (NOD021), where the two
/// are of one resource and the scheduler's finding counts that node. The first of the pods that wait tells of the nodes
/// for all.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let of_code = |code: &'static str| {
        let all = index.seen.iter().enumerate();
        all.filter(move |(_, seen)| seen.code() == code)
    };
    let mut edges = Vec::new();
    for (cause, node) in of_code("NOD021") {
        let waiting = || of_code("SCH003").filter(|(_, seen)| resource(node) == resource(seen));
        let counting: BTreeSet<&str> = waiting()
            .filter(|(_, seen)| counts(seen, node))
            .map(|(_, seen)| seen.id.as_str())
            .collect();
        let without = waiting().filter(|(_, seen)| counting.contains(seen.id.as_str()));
        edges.extend(without.map(|(effect, _)| Edge {
            effect,
            cause,
            confidence: 0.9,
            relation: "devices of",
        }));
    }
    edges
}

fn resource<'s>(seen: &'s Seen<'_>) -> Option<&'s str> {
    let of = |(what, _): &&(&'static str, String)| *what == "resource";
    let found = seen.sighting.identity.iter().find(of);
    found.map(|(_, resource)| resource.as_str())
}

/// Whether the proof of the waiting pods holds a field of the node that the other finding is about.
fn counts(waiting: &Seen<'_>, node: &Seen<'_>) -> bool {
    let of_node = node.sighting.evidence.iter().map(|proof| &proof.object);
    let mut of_node = of_node.filter(|object| object.kind == "Node");
    of_node.any(|node| {
        let proofs = waiting.sighting.evidence.iter();
        proofs
            .map(|proof| &proof.object)
            .any(|object| object.is_same(node))
    })
}
