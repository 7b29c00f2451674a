use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Deployment, Object};
use crate::model::{Evidence, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Deployment is paused: changes of its template do not reach its pods until it is resumed. A
    /// warning where such a change has waited for more than an hour.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 2, paused: true}
    /// status: {replicas: 2, updatedReplicas: 2}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 2}
    /// ```
    ///
    /// # How to fix
    /// `kubectl rollout resume`.
    ///
    /// # What it cannot know
    /// Who paused it, and why.
    ///
    /// # Source
    /// `spec.paused` and `status.updatedReplicas` of apps/v1 Deployment.
    ROL005 "rollout-paused" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [],
        maps_to: [],
        check: Deployment(check),
    }
}

/// Seconds for which a change may wait before it counts as forgotten.
const FORGOTTEN: i64 = 3600;

fn check<'a>(deployment: &'a Deployment, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !deployment.spec.paused || deployment.metadata.is_terminating() {
        return;
    }
    let status = &deployment.status;
    let has_waiting_change = status.replicas > 0 && status.updated_replicas == 0;
    let changed = deployment.metadata.last_write;
    let is_forgotten =
        has_waiting_change && changed.is_some() && !cluster.is_within(changed, FORGOTTEN);
    sink.report(sighting(deployment, has_waiting_change, is_forgotten));
}

fn sighting(deployment: &Deployment, has_waiting_change: bool, is_forgotten: bool) -> Sighting {
    let own = deployment.reference();
    let (severity, explanation) = match (is_forgotten, has_waiting_change) {
        (true, _) => (
            Severity::Warning,
            "Its template was changed more than an hour ago, and none of its pods has the change.",
        ),
        (false, true) => (
            Severity::Info,
            "Its template was changed, and none of its pods has the change yet.",
        ),
        (false, false) => (
            Severity::Info,
            "Changes of its template do not reach its pods until it is resumed.",
        ),
    };
    Sighting::of(
        own.clone(),
        format!("The rollout of {own} is paused"),
        explanation,
    )
    .severity(severity)
    .evidence(Evidence::field(own.clone(), "spec.paused", true).at(deployment.metadata.last_write))
    .evidence(Evidence::field(
        own,
        "status.updatedReplicas",
        deployment.status.updated_replicas,
    ))
    .suggest(Suggestion::run(
        "Resume it",
        format!(
            "kubectl -n {} rollout resume deployment/{}",
            deployment.metadata.namespace, deployment.metadata.name
        ),
        Risk::Medium,
    ))
}
