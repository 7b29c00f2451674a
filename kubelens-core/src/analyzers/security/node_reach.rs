//! A workload whose pods can do more with their node than they should: said alike, whatever shows it.

use crate::analysis::Sighting;
use crate::analyzers::standing_workload::is_clusters_own;
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Workload;

/// The workload with what shows it; only noted where it is one of the cluster's own parts, which need to. `words` are
/// title and explanation; `group` is what follows the number of such workloads.
pub(super) fn reaches_node(
    workload: &Workload<'_>,
    words: (String, String),
    proof: Vec<Evidence>,
    advice: &str,
    group: &str,
) -> Sighting {
    let severity = if is_clusters_own(&workload.metadata().namespace) {
        Severity::Info
    } else {
        Severity::Warning
    };
    let (title, explanation) = words;
    Sighting::of(workload.reference(), title, explanation)
        .severity(severity)
        .all_evidence(proof)
        .suggest(Suggestion::advice(advice))
        .grouped("all", group)
}
