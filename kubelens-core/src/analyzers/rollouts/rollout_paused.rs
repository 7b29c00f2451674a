use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Deployment, Object, condition};
use crate::model::{Evidence, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Deployment is paused: changes of its template do not reach its pods until it is resumed. A
    /// warning where such a change has waited for more than an hour, or a part of the pods has it since then.
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
    /// In the middle of a rollout, for hours:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 4, paused: true}
    /// status:
    ///   replicas: 5
    ///   updatedReplicas: 2
    ///   conditions: [{type: Progressing, status: Unknown, reason: DeploymentPaused, lastTransitionTime: "2026-01-01T04:00:00Z"}]
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
        reads: [ReplicaSet],
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
    // Pods of two templates: it was paused in the middle.
    let is_halfway = status.updated_replicas > 0 && status.updated_replicas < status.replicas;
    let changed = if is_halfway {
        paused_at(deployment).max(
            cluster
                .newest_replica_set(&deployment.metadata)
                .and_then(|set| set.metadata.creation_timestamp),
        )
    } else {
        deployment.metadata.last_write
    };
    let is_forgotten = (has_waiting_change || is_halfway)
        && changed.is_some()
        && !cluster.is_within(changed, FORGOTTEN);
    let state = match (is_halfway, has_waiting_change) {
        (true, _) => State::Halfway,
        (false, true) => State::Waiting,
        (false, false) => State::Quiet,
    };
    sink.report(sighting(deployment, state, is_forgotten));
}

/// What the pause keeps back.
#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing yet.
    Quiet,
    /// A change that no pod has.
    Waiting,
    /// A change that a part of the pods has.
    Halfway,
}

/// When the controller saw the pause.
fn paused_at(deployment: &Deployment) -> Option<jiff::Timestamp> {
    condition(&deployment.status.conditions, "Progressing")
        .filter(|progressing| progressing.reason == "DeploymentPaused")
        .and_then(|progressing| progressing.last_transition_time)
}

fn sighting(deployment: &Deployment, state: State, is_forgotten: bool) -> Sighting {
    let own = deployment.reference();
    let status = &deployment.status;
    let severity = if is_forgotten {
        Severity::Warning
    } else {
        Severity::Info
    };
    let explanation = match (state, is_forgotten) {
        (State::Halfway, _) => format!(
            "It stands between two templates: {} of its {} pods have the newer one, and both serve.",
            status.updated_replicas, status.replicas
        ),
        (State::Waiting, true) => {
            "Its template was changed more than an hour ago, and none of its pods has the change."
                .to_owned()
        }
        (State::Waiting, false) => {
            "Its template was changed, and none of its pods has the change yet.".to_owned()
        }
        (State::Quiet, _) => {
            "Changes of its template do not reach its pods until it is resumed.".to_owned()
        }
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
