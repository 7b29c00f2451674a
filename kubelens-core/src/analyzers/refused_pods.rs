//! What rules about refused pods have in common: the workload to change, the refusal as proof.

use super::failed_create::FailedCreate;
use super::rollouts::refusers::severity_of;
use crate::analysis::Sighting;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

/// A fact about the workload whose pods are refused, with the refusal and the counts as proof. Who
/// calls it reads Deployment.
pub(crate) fn sighting(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    title: String,
    explanation: String,
) -> Sighting {
    let controller = &failed.controller;
    let path = if controller.kind == "DaemonSet" {
        "status.currentNumberScheduled"
    } else {
        "status.replicas"
    };
    Sighting::of(failed.top.clone(), title, explanation)
        .seen_on(controller.clone(), "template of")
        .severity(severity_of(cluster, failed))
        .evidence(failed.evidence())
        .evidence(Evidence::field(controller.clone(), path, failed.counts()))
        .since(failed.since)
}

/// The command that shows the newest refusal.
pub(crate) fn read_refusal(failed: &FailedCreate<'_>) -> Suggestion {
    Suggestion::look(
        "Read the newest refusal",
        format!(
            "kubectl -n {} describe {} {}",
            failed.namespace(),
            failed.controller.kind.to_lowercase(),
            failed.controller.name
        ),
    )
}
