use std::collections::BTreeSet;

use super::injected_container::INJECTED;
use super::superseded_pod::UPDATE_STUCK;
use crate::analysis::Family;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::diagnosis::specificity::specificity;
use crate::model::Severity;

/// Of several things that one pod shows about one container, the one nearest to the fault explains
/// the others; one that points on to another object comes first.
pub(super) fn edges(index: &Index<'_>, outward: &[Edge]) -> Vec<Edge> {
    let points_on: BTreeSet<usize> = outward.iter().map(|edge| edge.effect).collect();
    let mut edges = Vec::new();
    for (key, all) in index.objects() {
        if key.0 != "Pod" || all.len() < 2 {
            continue;
        }
        let unconfigured: Vec<&str> = all
            .iter()
            .filter_map(|at| index.get(*at))
            .filter(|seen| seen.code() == UNCONFIGURED)
            .filter_map(|seen| seen.sighting.container.as_deref())
            .collect();
        for effect in all.iter().copied() {
            for cause in all.iter().copied() {
                let (Some(symptom), Some(reason)) = (index.get(effect), index.get(cause)) else {
                    continue;
                };
                let nearer = rank(cause, reason, &points_on) < rank(effect, symptom, &points_on);
                let is_beside = is_of_a_container_that_ran(symptom, reason, &unconfigured);
                if nearer && !is_beside && explains(symptom, reason) {
                    edges.push(Edge {
                        effect,
                        cause,
                        confidence: 0.9,
                        relation: "same pod",
                    });
                }
            }
        }
    }
    edges
}

/// A container that the kubelet cannot configure.
const UNCONFIGURED: &str = "WRK010";

/// Faults that the run of a container itself proves.
const OF_A_RUN: [&str; 4] = ["WRK003", "WRK007", "WRK008", "WRK109"];

/// Whether a reference stops another container of the pod, and this one ran and failed by itself.
fn is_of_a_container_that_ran(
    symptom: &Seen<'_>,
    reason: &Seen<'_>,
    unconfigured: &[&str],
) -> bool {
    let ran = symptom.sighting.container.as_deref();
    reason.code().starts_with("CFG")
        && reason.sighting.container.is_none()
        && OF_A_RUN.contains(&symptom.code())
        && !unconfigured.is_empty()
        && ran.is_some_and(|container| !unconfigured.contains(&container))
}

fn rank(at: usize, seen: &Seen<'_>, points_on: &BTreeSet<usize>) -> (bool, u8, usize) {
    (!points_on.contains(&at), specificity(seen.code()), at)
}

/// Whether both speak of one container, or one of them of the pod as a whole. A latent fault explains
/// nothing that happens now.
fn explains(symptom: &Seen<'_>, reason: &Seen<'_>) -> bool {
    // That a broken pod is never replaced, is not the doing of its fault.
    if symptom.code() == UPDATE_STUCK {
        return false;
    }
    // Who put a container in explains what that shows, and nothing beside it.
    if [symptom.code(), reason.code()].contains(&INJECTED) {
        return false;
    }
    if reason.severity() == Severity::Info && symptom.severity() > Severity::Info {
        return false;
    }
    // An opinion that a pack of rules has of a pod is not the doing of what breaks that pod.
    if Family::of(symptom.code()).is_none() && symptom.severity() == Severity::Info {
        return false;
    }
    // Two facts of one rule are two facts.
    if symptom.code() == reason.code() && symptom.sighting.subject == reason.sighting.subject {
        return false;
    }
    // Both name a thing to change and neither is a class of the other: two causes.
    let both_required = specificity(symptom.code()) <= 4 && specificity(reason.code()) <= 4;
    if both_required {
        return false;
    }
    match (&symptom.sighting.container, &reason.sighting.container) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}
