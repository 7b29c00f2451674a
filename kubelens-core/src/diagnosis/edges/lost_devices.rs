use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};

/// Pods that wait for a device (SCH003) wait for the node that has lost its own (NOD021), where the two
/// are of one resource and the scheduler's finding counts that node.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let lost: Vec<usize> = (0..index.seen.len())
        .filter(|at| index.get(*at).is_some_and(|seen| seen.code() == "NOD021"))
        .collect();
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        if seen.code() != "SCH003" {
            continue;
        }
        for cause in lost.iter().copied() {
            let is_wanted = index
                .get(cause)
                .is_some_and(|node| resource(node) == resource(seen) && counts(seen, node));
            if is_wanted {
                edges.push(Edge {
                    effect,
                    cause,
                    confidence: 0.9,
                    relation: "devices of",
                });
            }
        }
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
