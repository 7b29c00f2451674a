use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;

/// Who tells of the nodes that are closed: pods that wait for them, budgets that keep them from being emptied.
const BLOCKED: [&str; 2] = ["SCH013", "SCA030"];

/// A cordon that keeps pods from running is told once: by the pods that wait (SCH013), with every node
/// that they wait for, not once more by each of these nodes (NOD008). One that lasts because a budget lets no pod go
/// (SCA030) is that budget's doing.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let blocking: Vec<usize> = (0..index.seen.len())
        .filter(|at| {
            index
                .get(*at)
                .is_some_and(|seen| BLOCKED.contains(&seen.code()))
        })
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
