use super::failing_store::STORE;
use crate::analysis::Sighting;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;
use crate::model::{EvidenceKind, Severity};

/// What an API server does not do, and the words in which its clients hear of it.
const HEARD: [(&str, &[&str]); 3] = [
    ("encryption", &["failed to encrypt", "failed to decrypt"]),
    ("tokens", &["Unauthorized"]),
    (
        "seats",
        &["the server has received too many requests and has asked us to try again later"],
    ),
];

/// Words beside `Unauthorized` by which a line tells of a call to the API server, and not to another.
const OF_KUBERNETES: [&str; 6] = [
    "ailed to list *",
    "ailed to watch *",
    "resource lock",
    "server groups",
    "restmapping",
    "apiserver",
];

/// What programs were answered by an API server that cannot answer otherwise is its fault, not theirs.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (cause, server) in index.seen.iter().enumerate() {
        let Some(answer) = answer_of(server.code(), &server.sighting) else {
            continue;
        };
        if server.severity() == Severity::Info {
            continue;
        }
        for (effect, seen) in index.seen.iter().enumerate() {
            if seen.code() != STORE && heard(&seen.sighting).any(|heard| heard == answer) {
                edges.push(Edge {
                    effect,
                    cause,
                    confidence: 0.97,
                    relation: "answers",
                });
            }
        }
    }
    edges
}

/// The answer that a sighting of an API server tells of.
pub(in crate::diagnosis) fn answer_of<'s>(code: &str, sighting: &'s Sighting) -> Option<&'s str> {
    let mut identity = sighting.identity.iter().filter(|_| code == STORE);
    identity
        .find(|(what, _)| *what == "answers")
        .map(|(_, answer)| answer.as_str())
}

/// The answers whose words the proof of a sighting holds.
pub(in crate::diagnosis) fn heard(sighting: &Sighting) -> impl Iterator<Item = &'static str> {
    HEARD.iter().filter_map(|(answer, words)| {
        let says = |text: &str| {
            let is_told = words.iter().any(|words| text.contains(words));
            is_told && (*answer != "tokens" || OF_KUBERNETES.iter().any(|part| text.contains(part)))
        };
        let mut proofs = sighting.evidence.iter().filter(|proof| {
            matches!(
                proof.kind,
                EvidenceKind::Log | EvidenceKind::Event | EvidenceKind::Field
            )
        });
        proofs
            .any(|proof| {
                says(
                    proof
                        .text
                        .as_deref()
                        .or(proof.value.as_deref())
                        .unwrap_or_default(),
                )
            })
            .then_some(*answer)
    })
}
