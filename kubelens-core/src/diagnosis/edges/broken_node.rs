use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;
use crate::model::Severity;

/// Codes that say that a node as a whole does not work.
const NODE_DOWN: [&str; 5] = ["NOD001", "NOD002", "NOD006", "NOD010", "NOD011"];

/// Faults that a broken node cannot make: they are in what was asked for.
fn is_in_the_request(code: &str) -> bool {
    matches!(code.get(..3), Some("CFG" | "IMG" | "SCH" | "SEC" | "SCA"))
}

/// What a pod shows on a node that is down, is explained by the node.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        let Some(pod) = seen.pod else { continue };
        if pod.node_name.is_empty() || is_in_the_request(seen.code()) {
            continue;
        }
        let node = ("Node".to_owned(), String::new(), pod.node_name.to_string());
        for cause in index.with_subject(&node) {
            let is_down = index.get(*cause).is_some_and(|node| {
                NODE_DOWN.contains(&node.code()) && node.severity() == Severity::Critical
            });
            if is_down && *cause != effect {
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
