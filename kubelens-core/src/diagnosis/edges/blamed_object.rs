use super::broken_node::NODE_DOWN;
use super::{is_intent, nameless_set};
use crate::analysis::Role;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Key};
use crate::model::Severity;

/// A sighting that points at an object is explained by what is wrong with that object: by what names
/// it as the thing to change, else by what its pods show.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        for blame in &seen.sighting.blames {
            for cause in about(index, &blame.object.key()) {
                let is_reason = index.get(cause).is_some_and(|other| {
                    let is_itself =
                        other.id == seen.id && other.sighting.seen_on == seen.sighting.seen_on;
                    let is_of_scaling =
                        other.is_shown_by_an_autoscaler() && !seen.is_shown_by_an_autoscaler();
                    !is_itself && !is_of_scaling
                });
                if cause != effect && is_reason {
                    edges.push(Edge {
                        effect,
                        cause,
                        confidence: 0.97,
                        relation: blame.relation,
                    });
                }
            }
        }
    }
    edges
}

/// A node that came and went, or was rebooted.
const CAME_AND_WENT: &str = "NOD027";

/// What is wrong with an object: roots first; symptoms only where there is no root.
fn about(index: &Index<'_>, key: &Key) -> Vec<usize> {
    let mut all: Vec<usize> = index.with_subject(key).to_vec();
    all.extend(index.shown_by(key));
    all.extend(index.on_pods_of(key));
    all.sort_unstable();
    all.dedup();
    let roots: Vec<usize> = all
        .iter()
        .copied()
        .filter(|at| {
            index
                .get(*at)
                .is_some_and(|seen| seen.analyzer.role != Role::Symptom)
        })
        .collect();
    let mut chosen = if roots.is_empty() { all } else { roots };
    // What keeps a node down now tells more than that it came and went before.
    let is_down = |at: &usize| {
        index
            .get(*at)
            .is_some_and(|seen| NODE_DOWN.contains(&seen.code()))
    };
    if chosen.iter().any(is_down) {
        chosen.retain(|at| {
            index
                .get(*at)
                .is_some_and(|seen| seen.code() != CAME_AND_WENT)
        });
    }
    nameless_set::leave_out(index, key, &mut chosen);
    let (notes, faults): (Vec<usize>, Vec<usize>) = chosen.into_iter().partition(|at| {
        index
            .get(*at)
            .is_some_and(|seen| seen.severity() == Severity::Info)
    });
    if faults.is_empty() {
        notes
            .into_iter()
            .filter(|at| index.get(*at).is_some_and(is_intent))
            .collect()
    } else {
        faults
    }
}
