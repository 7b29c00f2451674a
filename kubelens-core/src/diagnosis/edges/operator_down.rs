use std::collections::BTreeMap;

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
        let is_waiting =
            (seen.code().starts_with("OPS") && seen.code() != "OPS004") || seen.code() == "CTL016";
        if !is_waiting {
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

/// The group whose operator does not run.
fn operated_group<'s>(seen: &'s Seen<'_>) -> Option<&'s str> {
    let is_down = seen.code() == "OPS004"
        && seen.severity() > Severity::Info
        && !seen
            .sighting
            .identity
            .iter()
            .any(|(what, _)| *what == "fact");
    let (_, group) = seen
        .sighting
        .identity
        .iter()
        .find(|(what, _)| *what == "group")?;
    is_down.then_some(group.as_str())
}

fn group_of(object: &ObjectRef) -> &str {
    object
        .api_version
        .split_once('/')
        .map_or("", |(group, _)| group)
}
