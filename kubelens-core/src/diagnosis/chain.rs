use std::collections::{BTreeMap, BTreeSet};

use super::fronts::Front;
use super::graph::Graph;
use super::index::Index;
use crate::kubernetes::Object;
use crate::model::{ChainLink, Evidence, ObjectRef};

/// How the fault reaches what shows it: subject to pods, pods to owners, and on along the folds to the
/// Services and Ingresses that only these pods serve. One link a relation and pair of kinds, with one sample and a count.
pub(super) fn chain(
    index: &Index<'_>,
    graph: &Graph,
    members: &[usize],
    subject: &ObjectRef,
    fronts: &[Front],
    evidence: &[Evidence],
) -> Vec<ChainLink> {
    let mut links = Links::default();
    for member in members {
        let Some(seen) = index.get(*member) else {
            continue;
        };
        match graph
            .parent(*member)
            .and_then(|edge| Some((edge, index.get(edge.cause)?)))
        {
            None => {
                if !seen.sighting.seen_on.is_same(subject) {
                    let relation = if seen.sighting.relation.is_empty() {
                        "shows"
                    } else {
                        seen.sighting.relation
                    };
                    links.add(subject, &seen.sighting.seen_on, relation);
                }
            }
            Some((edge, parent)) => {
                let from =
                    if parent.sighting.seen_on.kind == "Pod" && edge.relation != "same object" {
                        &parent.sighting.seen_on
                    } else {
                        &parent.sighting.subject
                    };
                let to = if seen.pod.is_some() {
                    &seen.sighting.seen_on
                } else {
                    &seen.sighting.subject
                };
                if !from.is_same(to) && !matches!(edge.relation, "same pod" | "same template") {
                    links.add(from, to, edge.relation);
                }
            }
        }
        if let (Some(pod), Some(top)) = (seen.pod, &seen.top)
            && top.kind != "Pod"
            && !top.is_same(subject)
        {
            links.add(&pod.reference(), top, "owned by");
        }
    }
    for front in fronts {
        links.add(&front.pod, &front.service, "behind");
        for ingress in &front.ingresses {
            links.add(&front.service, ingress, "backend of");
        }
    }
    links.into_chain(evidence)
}

type LinkKey = (String, String, &'static str);

/// Pairs by relation, kept apart by kind so that a thousand pods are one link.
#[derive(Default)]
struct Links {
    order: Vec<LinkKey>,
    pairs: BTreeMap<LinkKey, BTreeSet<(ObjectRef, ObjectRef)>>,
}

impl Links {
    fn add(&mut self, cause: &ObjectRef, effect: &ObjectRef, relation: &'static str) {
        let key = (cause.kind.clone(), effect.kind.clone(), relation);
        let pairs = self.pairs.entry(key.clone()).or_insert_with(|| {
            self.order.push(key);
            BTreeSet::new()
        });
        pairs.insert((cause.clone(), effect.clone()));
    }

    fn into_chain(self, evidence: &[Evidence]) -> Vec<ChainLink> {
        self.order
            .iter()
            .filter_map(|key| {
                let pairs = self.pairs.get(key)?;
                let (cause, effect) = pairs.first()?;
                let count = pairs
                    .iter()
                    .map(|(_, effect)| effect)
                    .collect::<BTreeSet<_>>()
                    .len();
                let proof = evidence
                    .iter()
                    .enumerate()
                    .filter(|(_, item)| item.object.is_same(cause) || item.object.is_same(effect))
                    .map(|(at, _)| at)
                    .collect();
                Some(ChainLink {
                    cause: cause.clone(),
                    effect: effect.clone(),
                    relation: key.2.to_owned(),
                    count,
                    evidence: proof,
                })
            })
            .collect()
    }
}
