//! Whether a Deployment is still on its way to what was asked for.

use crate::kubernetes::{Deployment, condition};
use crate::snapshot::Cluster;

/// Whether the Deployment rolls out and has made progress within its deadline.
pub(in crate::analyzers) fn is_rolling(cluster: &Cluster<'_>, deployment: &Deployment) -> bool {
    let deadline = deployment
        .spec
        .progress_deadline_seconds
        .unwrap_or(cluster.thresholds(&deployment.metadata).progress_default);
    if is_unobserved(deployment) {
        return cluster.is_within(deployment.metadata.last_write, deadline);
    }
    condition(&deployment.status.conditions, "Progressing").is_some_and(|progressing| {
        let last_step = progressing
            .last_update_time
            .or(progressing.last_transition_time);
        progressing.is_true()
            && progressing.reason != "NewReplicaSetAvailable"
            && cluster.is_within(last_step, deadline)
    })
}

/// Whether the controller has not yet seen the newest spec.
fn is_unobserved(deployment: &Deployment) -> bool {
    deployment.status.observed_generation < deployment.metadata.generation
}
