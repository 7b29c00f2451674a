use std::collections::BTreeMap;

use crate::analysis::{AWAITS, MADE_FROM, Sighting};
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::kubernetes::group_of;
use crate::model::Severity;

/// A custom resource that fails or cannot be deleted, or what would be made from one, while the operator of its group
/// does not run: nobody is there to bring it on.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut down: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, seen) in index.seen.iter().enumerate() {
        if let Some(group) = operated_group(seen) {
            down.entry(group).or_default().push(at);
        }
    }
    let mut edges = Vec::new();
    if down.is_empty() {
        return edges;
    }
    for (effect, seen) in index.seen.iter().enumerate() {
        for group in waited_for(seen.code(), &seen.sighting) {
            for cause in down.get(group).into_iter().flatten() {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.88,
                    relation: "reconciled by",
                });
            }
        }
    }
    edges
}

/// The operator of a group does not run.
pub(in crate::diagnosis) const OPERATOR: &str = "OPS004";

/// Whether what a rule tells of can wait for an operator.
fn may_wait(code: &str) -> bool {
    (code.starts_with("OPS") && code != OPERATOR) || code == "CTL016"
}

/// The groups on whose operator a sighting waits: that of the custom resource which shows it, those of what it would be
/// made from, and those of what that one waits for.
pub(in crate::diagnosis) fn waited_for<'s>(code: &str, sighting: &'s Sighting) -> Vec<&'s str> {
    let own = may_wait(code).then(|| group_of(&sighting.seen_on.api_version));
    let makers = sighting
        .blames
        .iter()
        .filter(|blame| matches!(blame.relation, MADE_FROM | AWAITS))
        .map(|blame| group_of(&blame.object.api_version));
    own.into_iter().chain(makers).collect()
}

/// The group whose operator does not run.
fn operated_group<'s>(seen: &'s Seen<'_>) -> Option<&'s str> {
    let is_down = seen.code() == OPERATOR
        && seen.severity() > Severity::Info
        && !seen
            .sighting
            .identity
            .iter()
            .any(|(what, _)| *what == "fact");
    is_down.then(|| named_group(&seen.sighting)).flatten()
}

/// The group that a sighting of an operator is about.
pub(in crate::diagnosis) fn named_group(sighting: &Sighting) -> Option<&str> {
    let (_, group) = sighting
        .identity
        .iter()
        .find(|(what, _)| *what == "group")?;
    Some(group)
}
