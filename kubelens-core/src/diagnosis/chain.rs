use std::collections::{BTreeMap, BTreeSet};

use super::fronts::Front;
use super::graph::Graph;
use super::index::Index;
use crate::analysis::Sighting;
use crate::kubernetes::Object;
use crate::model::{ChainLink, Evidence, ObjectRef};

/// How the fault reaches what shows it: subject to pods, pods to owners, and on along the folds to the
/// Services and Ingresses that only these pods serve. One link a relation and pair of kinds, with one sample and a count.
/// Every link names its proof in `evidence`; what proves a link and is not there yet is added to it.
pub(super) fn chain(
    index: &Index<'_>,
    graph: &Graph,
    members: &[usize],
    subject: &ObjectRef,
    fronts: &[Front],
    evidence: &mut Vec<Evidence>,
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
                    let thing = seen.sighting.shared.as_ref();
                    let is_shared = thing.is_some_and(|thing| thing.object.is_same(subject))
                        && !subject.is_same(&seen.sighting.subject);
                    let relation = match seen.sighting.relation {
                        _ if is_shared => SHARED_BY,
                        "" => "shows",
                        relation => relation,
                    };
                    links.add(
                        subject,
                        &seen.sighting.seen_on,
                        relation,
                        first(&seen.sighting),
                    );
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
                    links.add(from, to, edge.relation, first(&seen.sighting));
                }
            }
        }
        if let (Some(pod), Some(top)) = (seen.pod, &seen.top)
            && top.kind != "Pod"
            && !top.is_same(subject)
        {
            let proof = Evidence::field(pod.reference(), "metadata.ownerReferences", top);
            links.add(&pod.reference(), top, "owned by", Some(proof));
        }
    }
    for front in fronts {
        links.add(
            &front.pod,
            &front.service,
            "behind",
            Some(front.selects.clone()),
        );
        for (ingress, proof) in &front.ingresses {
            links.add(&front.service, ingress, "backend of", Some(proof.clone()));
        }
    }
    links.into_chain(evidence)
}

/// How what several suffer from hangs together with them.
const SHARED_BY: &str = "used by";

/// What a sighting has to show for itself.
fn first(sighting: &Sighting) -> Option<Evidence> {
    sighting.evidence.first().cloned()
}

/// Whether a relation is one of the objects themselves, which one field states.
fn is_structure(relation: &str) -> bool {
    matches!(relation, "owned by" | "behind" | "backend of")
}

/// Where the item stands in the evidence; it is added where it is new.
fn place_of(proof: Evidence, evidence: &mut Vec<Evidence>) -> usize {
    let known = evidence
        .iter()
        .position(|item| item.object.is_same(&proof.object) && item.path == proof.path);
    known.unwrap_or_else(|| {
        evidence.push(proof);
        evidence.len() - 1
    })
}

type LinkKey = (String, String, &'static str);
type Pair = (ObjectRef, ObjectRef);

/// Pairs by relation, kept apart by kind so that a thousand pods are one link.
#[derive(Default)]
struct Links {
    order: Vec<LinkKey>,
    /// Each pair with what proves it, should nothing else.
    pairs: BTreeMap<LinkKey, BTreeMap<Pair, Option<Evidence>>>,
}

impl Links {
    fn add(
        &mut self,
        cause: &ObjectRef,
        effect: &ObjectRef,
        relation: &'static str,
        proof: Option<Evidence>,
    ) {
        let key = (cause.kind.clone(), effect.kind.clone(), relation);
        let pairs = self.pairs.entry(key.clone()).or_insert_with(|| {
            self.order.push(key);
            BTreeMap::new()
        });
        pairs
            .entry((cause.clone(), effect.clone()))
            .or_insert(proof);
    }

    fn into_chain(mut self, evidence: &mut Vec<Evidence>) -> Vec<ChainLink> {
        let mut chain = Vec::new();
        for key in &self.order {
            let Some(pairs) = self.pairs.remove(key) else {
                continue;
            };
            let effects: BTreeSet<ObjectRef> =
                pairs.keys().map(|(_, effect)| effect.clone()).collect();
            let Some(((cause, effect), proof)) = pairs.into_iter().next() else {
                continue;
            };
            let proven_by = match proof {
                Some(proof) if is_structure(key.2) => vec![place_of(proof, evidence)],
                proof => {
                    let mut told: Vec<usize> = evidence
                        .iter()
                        .enumerate()
                        .filter(|(_, item)| {
                            item.object.is_same(&cause) || item.object.is_same(&effect)
                        })
                        .map(|(at, _)| at)
                        .collect();
                    if told.is_empty() {
                        told.extend(proof.map(|proof| place_of(proof, evidence)));
                    }
                    told
                }
            };
            chain.push(ChainLink {
                cause,
                effect,
                relation: key.2.to_owned(),
                count: effects.len(),
                evidence: proven_by,
            });
        }
        chain
    }
}
