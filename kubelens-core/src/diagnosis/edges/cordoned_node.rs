use std::collections::BTreeSet;

use crate::analysis::Sighting;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;

/// Who tells of the nodes that are closed: pods that wait for them, budgets that keep them from being emptied.
const BLOCKED: [&str; 2] = ["SCH013", "SCA030"];

/// A budget that lets no pod go.
const BUDGET: &str = "SCA030";

/// Pods that find no room, and would on nodes that are closed.
pub(in crate::diagnosis) const LACKS_ROOM: [&str; 2] = ["SCH001", "SCH002"];

/// A cordon that keeps pods from running is told once: by the pods that wait (SCH013), with every node
/// that they wait for, not once more by each of these nodes (NOD008). One that lasts because a budget lets no pod go
/// (SCA030) is that budget's doing, and so is the room that others do not find there.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let naming = |codes: &[&str]| -> Vec<(usize, BTreeSet<&str>)> {
        let all = index.seen.iter().enumerate();
        all.filter(|(_, seen)| codes.contains(&seen.code()))
            .map(|(at, seen)| (at, closed_nodes(&seen.sighting)))
            .filter(|(_, nodes)| !nodes.is_empty())
            .collect()
    };
    let mut edges = Vec::new();
    let blocking = naming(&BLOCKED);
    let all = index.seen.iter().enumerate();
    for (effect, cordon) in all.filter(|(_, seen)| seen.code() == "NOD008") {
        let node = cordon.sighting.subject.name.as_str();
        let causes = blocking.iter().filter(|(_, nodes)| nodes.contains(node));
        edges.extend(causes.map(|(cause, _)| Edge {
            effect,
            cause: *cause,
            confidence: 0.97,
            relation: "cordoned",
        }));
    }
    let budgets = naming(&[BUDGET]);
    for (effect, wanted) in naming(&LACKS_ROOM) {
        let causes = budgets
            .iter()
            .filter(|(_, held)| !held.is_disjoint(&wanted));
        edges.extend(causes.map(|(cause, _)| Edge {
            effect,
            cause: *cause,
            confidence: 0.97,
            relation: "keeps closed",
        }));
    }
    edges
}

/// The nodes whose cordon a sighting shows as proof.
pub(in crate::diagnosis) fn closed_nodes(sighting: &Sighting) -> BTreeSet<&str> {
    let proof = sighting.evidence.iter();
    proof
        .filter(|proof| proof.path.as_deref() == Some("spec.unschedulable"))
        .map(|proof| proof.object.name.as_str())
        .collect()
}
