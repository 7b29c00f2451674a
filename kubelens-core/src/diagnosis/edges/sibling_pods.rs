use std::collections::{BTreeMap, BTreeSet};

use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::diagnosis::specificity::specificity;
use crate::model::Severity;

/// What several pods of one template show alike has one reason: where only some of them tell it (a
/// log was not read of every pod), it explains the others too. And where their logs differ in words,
/// the words of most of them decide.
pub(super) fn edges(index: &Index<'_>, known: &[Edge]) -> Vec<Edge> {
    let mut edges = without_own_reason(index, known);
    edges.extend(differing_logs(index, known));
    edges
}

fn without_own_reason(index: &Index<'_>, known: &[Edge]) -> Vec<Edge> {
    let mut reasons: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for edge in known.iter().filter(|edge| edge.relation == "same pod") {
        reasons.entry(edge.effect).or_default().push(edge.cause);
    }
    let mut alike: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, seen) in index.seen.iter().enumerate() {
        if let Some(owner) = owner(seen) {
            alike.entry((&seen.id, owner)).or_default().push(at);
        }
    }
    let mut edges = Vec::new();
    for members in alike.values().filter(|members| members.len() > 1) {
        let best = members
            .iter()
            .filter_map(|member| reasons.get(member))
            .flatten()
            .copied()
            .min_by_key(|cause| {
                let code = index.get(*cause).map_or("", Seen::code);
                (specificity(code), *cause)
            });
        let Some(cause) = best else { continue };
        for effect in members.iter().copied() {
            if !reasons.contains_key(&effect) && effect != cause {
                edges.push(Edge {
                    effect,
                    cause,
                    confidence: 0.85,
                    relation: "same template",
                });
            }
        }
    }
    edges
}

fn differing_logs(index: &Index<'_>, known: &[Edge]) -> Vec<Edge> {
    let points_on: BTreeSet<usize> = known
        .iter()
        .filter(|edge| edge.relation != "same pod")
        .map(|edge| edge.effect)
        .collect();
    let mut logs: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, seen) in index.seen.iter().enumerate() {
        let is_log = seen.code().starts_with("WRK1") && seen.severity() > Severity::Info;
        if let (true, Some(owner), Some(container)) =
            (is_log, owner(seen), seen.sighting.container.as_deref())
        {
            logs.entry((owner, container)).or_default().push(at);
        }
    }
    let mut edges = Vec::new();
    for members in logs.values() {
        let mut pods_of: BTreeMap<&str, usize> = BTreeMap::new();
        for seen in members.iter().filter_map(|at| index.get(*at)) {
            *pods_of.entry(&seen.id).or_default() += 1;
        }
        if pods_of.len() < 2 {
            continue;
        }
        let rank = |at: &usize| {
            let pods = index.get(*at).and_then(|seen| pods_of.get(&*seen.id));
            (
                points_on.contains(at),
                pods.copied(),
                std::cmp::Reverse(*at),
            )
        };
        let Some(cause) = members.iter().copied().max_by_key(rank) else {
            continue;
        };
        let id = index.get(cause).map(|seen| &seen.id);
        for effect in members.iter().copied() {
            if index.get(effect).map(|seen| &seen.id) != id {
                edges.push(Edge {
                    effect,
                    cause,
                    confidence: 0.8,
                    relation: "same template",
                });
            }
        }
    }
    edges
}

/// The controller of the pod that shows it: pods of one controller have one template.
fn owner<'i>(seen: &'i Seen<'_>) -> Option<&'i str> {
    let owner = seen.pod?.metadata.controller()?;
    owner.uid.non_empty()
}
