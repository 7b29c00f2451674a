//! What single API servers say that they cannot do: to encrypt what they store, or to verify the tokens that others
//! accept.

use crate::analysis::{Sighting, Sink};
use crate::analyzers::control_plane_pod::component_pods;
use crate::analyzers::pattern::Pattern;
use crate::analyzers::workloads::log_words::short;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

/// How often one says so before it is more than a passing trouble.
const OFTEN: usize = 3;

/// Most lines that are shown.
const MOST_SHOWN: usize = 3;

/// What a server cannot do.
struct Trouble {
    /// What its clients are answered.
    answer: &'static str,
    words: Pattern,
    state: &'static str,
    effect: &'static str,
    advice: &'static str,
    /// Whether it is one only beside a server that does not say so: old tokens are refused by all.
    differs: bool,
}

static TROUBLES: [Trouble; 2] = [
    Trouble {
        answer: "encryption",
        words: Pattern::new(
            r"(?i)failed to (?:encrypt|decrypt)|KMS provider health check failed|check for KMS Provider|unable to transform key",
        ),
        state: "cannot encrypt what it stores through its KMS provider",
        effect: "Secrets, and whatever else it is to encrypt, can be neither written nor read through it.",
        advice: "Look at the KMS plugin beside it: its log, its credentials and its right to use the key; compare it with that of another control plane node",
        differs: false,
    },
    Trouble {
        answer: "tokens",
        words: Pattern::new(
            r"(?i)Unable to authenticate the request.*(?:cryptographic primitive|verification error|invalid signature)",
        ),
        state: "does not accept tokens of service accounts that the others accept",
        effect: "It verifies them with another key, so requests that reach it are answered Unauthorized.",
        advice: "Compare --service-account-key-file and --service-account-issuer, and the key files themselves, with those of another API server",
        differs: true,
    },
];

/// Tells of each server that says so. Reads Pod.
pub(super) fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for trouble in &TROUBLES {
        let servers: Vec<(&Pod, Vec<Evidence>)> = component_pods(cluster, "kube-apiserver")
            .filter_map(|pod| Some((pod, said(cluster, pod, &trouble.words)?)))
            .collect();
        let has_other = servers.iter().any(|(_, lines)| lines.is_empty());
        for (pod, lines) in &servers {
            if lines.len() >= OFTEN && (has_other || !trouble.differs) {
                sink.report(sighting(pod, trouble, lines));
            }
        }
    }
}

/// The lines with these words in the logs of a pod; none where no log was read.
fn said(cluster: &Cluster<'_>, pod: &Pod, words: &Pattern) -> Option<Vec<Evidence>> {
    let logs: Vec<_> = pod
        .containers()
        .filter_map(|container| Some((container, cluster.log(pod, container.name(), false)?)))
        .collect();
    let lines = logs.iter().flat_map(|(container, log)| {
        let said = log.lines.iter().filter(move |line| words.is_in(line));
        said.map(move |line| Evidence::log(pod.reference(), container.name(), line.trim(), None))
    });
    (!logs.is_empty()).then(|| lines.collect())
}

fn sighting(pod: &Pod, trouble: &Trouble, lines: &[Evidence]) -> Sighting {
    let own = pod.reference();
    let node = pod.node_name.as_str();
    let line = lines.last().and_then(|line| line.text.as_deref());
    let said = line.map_or_else(String::new, |line| format!(": {}", short(line)));
    Sighting::of(
        own.clone(),
        format!("kube-apiserver on {node} {}{said}", trouble.state),
        trouble.effect,
    )
    .identified_by("answers", trouble.answer)
    .severity(Severity::Warning)
    .all_evidence(lines.iter().rev().take(MOST_SHOWN).cloned())
    .evidence(Evidence::field(own, "spec.nodeName", node))
    .suggest(Suggestion::advice(trouble.advice))
}
