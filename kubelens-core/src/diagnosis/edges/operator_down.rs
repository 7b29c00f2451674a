use std::collections::BTreeMap;

use crate::analysis::Sighting;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::model::{ObjectRef, Severity};

/// A custom resource that fails or cannot be deleted, while the operator of its group does not run: nobody
/// is there to bring it on.
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
        if !may_wait(seen.code()) {
            continue;
        }
        for cause in down
            .get(group_of(&seen.sighting.seen_on))
            .into_iter()
            .flatten()
        {
            edges.push(Edge {
                effect,
                cause: *cause,
                confidence: 0.88,
                relation: "reconciled by",
            });
        }
    }
    edges
}

/// The operator of a group does not run.
pub(in crate::diagnosis) const OPERATOR: &str = "OPS004";

/// Whether what a rule tells of can wait for an operator.
pub(in crate::diagnosis) fn may_wait(code: &str) -> bool {
    (code.starts_with("OPS") && code != OPERATOR) || code == "CTL016"
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

/// The API group of an object; empty for the core group.
pub(in crate::diagnosis) fn group_of(object: &ObjectRef) -> &str {
    object
        .api_version
        .split_once('/')
        .map_or("", |(group, _)| group)
}
