use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;

/// A cordon that keeps pods from running is told once: by the pods that wait (SCH013), with every node
/// that they wait for, not once more by each of these nodes (NOD008).
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let blocking: Vec<usize> = (0..index.seen.len())
        .filter(|at| index.get(*at).is_some_and(|seen| seen.code() == "SCH013"))
        .collect();
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        if seen.code() != "NOD008" {
            continue;
        }
        for cause in &blocking {
            let names_it = index.get(*cause).is_some_and(|waiting| {
                waiting.sighting.evidence.iter().any(|proof| {
                    proof.path.as_deref() == Some("spec.unschedulable")
                        && proof.object.is_same(&seen.sighting.subject)
                })
            });
            if names_it {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.97,
                    relation: "cordoned",
                });
            }
        }
    }
    edges
}
