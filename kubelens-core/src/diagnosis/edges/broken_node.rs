use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;
use crate::model::Severity;

/// Codes that say that a node as a whole does not work.
pub(in crate::diagnosis) const NODE_DOWN: [&str; 5] =
    ["NOD001", "NOD002", "NOD006", "NOD010", "NOD011"];

/// Faults that a broken node cannot make: they are in what was asked for.
fn is_in_the_request(code: &str) -> bool {
    matches!(code.get(..3), Some("CFG" | "IMG" | "SCH" | "SEC" | "SCA"))
}

/// The nodes that are down, each with the sighting that says so. The thing to change may be another
/// object: the network plugin, say.
pub(super) fn nodes_that_are_down(index: &Index<'_>) -> Vec<(String, usize)> {
    index
        .seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| {
            NODE_DOWN.contains(&seen.code())
                && seen.severity() == Severity::Critical
                && seen.sighting.seen_on.kind == "Node"
        })
        .map(|(at, seen)| (seen.sighting.seen_on.name.clone(), at))
        .collect()
}

/// What a pod shows on a node that is down, is explained by the node.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let down = nodes_that_are_down(index);
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        let Some(pod) = seen.pod else { continue };
        if pod.node_name.is_empty() || is_in_the_request(seen.code()) {
            continue;
        }
        for (node, cause) in &down {
            let is_its_agent = index.get(*cause).is_some_and(|reason| {
                reason.sighting.subject.kind != "Node"
                    && seen
                        .top
                        .as_ref()
                        .is_some_and(|top| top.is_same(&reason.sighting.subject))
            });
            if *pod.node_name == **node && !is_its_agent {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.99,
                    relation: "runs on",
                });
            }
        }
    }
    edges
}
