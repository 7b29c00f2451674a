use std::collections::BTreeSet;

use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::model::Severity;

/// A container that fails and that admission put into the pod.
pub(super) const INJECTED: &str = "CTL035";

/// What a container that admission put in shows, and what would have to be changed in the workload's template, is
/// explained by who put it in. What points on to something else, or is the fault of another object, explains why it
/// fails: a webhook did not make a registry unreachable.
pub(super) fn edges(index: &Index<'_>, outward: &[Edge]) -> Vec<Edge> {
    let points_on: BTreeSet<usize> = outward.iter().map(|edge| edge.effect).collect();
    let mut edges = Vec::new();
    for (_, all) in index.objects() {
        let of_code = |is_injected: bool| {
            all.iter()
                .filter_map(|at| Some((*at, index.get(*at)?)))
                .filter(move |(_, seen)| (seen.code() == INJECTED) == is_injected)
        };
        for (injected, put_in) in of_code(true) {
            for (at, seen) in of_code(false).filter(|(_, seen)| is_about_one(seen, put_in)) {
                let is_of_the_template = seen
                    .top
                    .as_ref()
                    .is_some_and(|top| top.is_same(&seen.sighting.subject));
                let (effect, cause) = if is_of_the_template && !points_on.contains(&at) {
                    (at, injected)
                } else {
                    (injected, at)
                };
                edges.push(Edge {
                    effect,
                    cause,
                    confidence: 0.97,
                    relation: "same pod",
                });
            }
        }
    }
    edges
}

fn is_about_one(seen: &Seen<'_>, put_in: &Seen<'_>) -> bool {
    seen.sighting.container.is_some()
        && seen.sighting.container == put_in.sighting.container
        && seen.severity() > Severity::Info
}
