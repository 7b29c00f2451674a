use crate::analysis::Sighting;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;
use crate::kubernetes::Pod;
use crate::model::{EvidenceKind, Severity};

/// etcd is full, without a leader or slow.
pub(in crate::diagnosis) const STORE: &str = "CTL028";

/// How etcd's errors begin, in whatever an API server answers with them.
const ITS_WORDS: &str = "etcdserver: ";

/// What the cluster's own controllers were answered with etcd's words is etcd's fault, not theirs.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let stores: Vec<usize> = index
        .seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.code() == STORE && seen.severity() > Severity::Info)
        .filter(|(_, seen)| is_of_etcd(&seen.sighting))
        .map(|(at, _)| at)
        .collect();
    let mut edges = Vec::new();
    if stores.is_empty() {
        return edges;
    }
    for (effect, seen) in index.seen.iter().enumerate() {
        let suffers = quotes_etcd(&seen.sighting)
            || passes_on_that_it_is_full(seen.code(), &seen.sighting)
            || seen
                .pod
                .is_some_and(|pod| is_client(seen.code(), &seen.sighting, pod));
        if seen.code() == STORE || !suffers {
            continue;
        }
        edges.extend(stores.iter().map(|cause| Edge {
            effect,
            cause: *cause,
            confidence: 0.97,
            relation: "stores",
        }));
    }
    edges
}

/// Whether it tells of etcd itself, and not of what else the rule looks at.
fn is_of_etcd(sighting: &Sighting) -> bool {
    sighting.identity.iter().any(|(what, _)| *what == "fact")
}

/// Whether a part of the control plane that lives by etcd's answers fails at its work. One whose certificate is not
/// accepted has a reason of its own.
pub(in crate::diagnosis) fn is_client(code: &str, sighting: &Sighting, pod: &Pod) -> bool {
    let is_part = pod.metadata.namespace == "kube-system"
        && pod.is_control_plane()
        && pod.component() != Some("etcd");
    let is_refused = || sighting.identity.iter().any(|(what, _)| *what == "refused");
    let is_failing = code == "CTL023" && !is_refused();
    is_part && (is_failing || FAILS_AT_WORK.contains(&code))
}

/// How a part fails whose requests get no answer in time: it loses its lease and ends, or its probes fail.
const FAILS_AT_WORK: [&str; 10] = [
    "WRK001", "WRK004", "WRK019", "WRK020", "WRK021", "WRK025", "WRK036", "WRK103", "WRK124",
    REFUSED,
];

/// A program passes on that its server takes no more.
const REFUSED: &str = "WRK125";

/// What etcd answers, whoever passes it on, when its quota is used up.
const FULL: &str = "etcdserver: mvcc: database space exceeded";

/// Whether a program that knows no etcd of its own passes on that it is full: it asked the API server.
pub(in crate::diagnosis) fn passes_on_that_it_is_full(code: &str, sighting: &Sighting) -> bool {
    let names_no_server = sighting.relation != "serves";
    let mut proof = sighting.evidence.iter();
    code == REFUSED
        && names_no_server
        && proof.any(|proof| {
            let said = proof.text.as_deref();
            proof.kind == EvidenceKind::Log && said.is_some_and(|said| said.contains(FULL))
        })
}

/// Whether its proof holds etcd's words, as an event or a condition tells them. A log is left out: a program may
/// have an etcd of its own.
pub(in crate::diagnosis) fn quotes_etcd(sighting: &Sighting) -> bool {
    sighting.evidence.iter().any(|proof| {
        let said = proof.text.as_deref().or(proof.value.as_deref());
        matches!(proof.kind, EvidenceKind::Event | EvidenceKind::Field)
            && said.is_some_and(|said| said.contains(ITS_WORDS))
    })
}
