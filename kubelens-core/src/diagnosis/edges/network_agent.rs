use crate::analysis::Sighting;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::model::EvidenceKind;

/// A node whose network agent does not do its work.
pub(in crate::diagnosis) const AGENT: &str = "NET072";

/// What logs say of a network that brings no answer.
const NO_ANSWER: [&str; 2] = ["WRK102", "WRK103"];

/// A name server that answers that there is no such name: the network works.
const ANSWERS: [&str; 4] = ["no such host", "nxdomain", "enotfound", "not known"];

/// Pods whose calls get no answer are explained by the network agent of their node that does not work.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let agents: Vec<(usize, &Seen<'_>)> = index
        .seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.code() == AGENT)
        .collect();
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        let Some(pod) = seen.pod.filter(|pod| !pod.spec.host_network) else {
            continue;
        };
        if !NO_ANSWER.contains(&seen.code()) || was_answered(seen) {
            continue;
        }
        for (cause, agent) in &agents {
            if node_of(&agent.sighting) == Some(pod.node_name.as_str()) {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.9,
                    relation: "network of",
                });
            }
        }
    }
    edges
}

/// The node whose agent it tells of.
pub(in crate::diagnosis) fn node_of(sighting: &Sighting) -> Option<&str> {
    let mut all = sighting.identity.iter();
    let (_, name) = all.find(|(what, _)| *what == "node")?;
    Some(name.as_str())
}

fn was_answered(seen: &Seen<'_>) -> bool {
    let mut logs = seen.sighting.evidence.iter();
    logs.any(|proof| {
        let text = proof.text.as_deref().unwrap_or_default().to_lowercase();
        proof.kind == EvidenceKind::Log && ANSWERS.iter().any(|words| text.contains(words))
    })
}
