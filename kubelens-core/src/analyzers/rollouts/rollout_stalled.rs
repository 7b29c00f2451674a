use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, Deployment, Object, condition};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Deployment made no progress towards its newest template for longer than
    /// `progressDeadlineSeconds`. What holds its new pods back is told by the pods; this finding
    /// folds into that. While pods of the older revision serve, it is a warning.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, generation: 2}
    /// spec: {replicas: 3}
    /// status:
    ///   observedGeneration: 2
    ///   replicas: 4
    ///   updatedReplicas: 1
    ///   readyReplicas: 3
    ///   conditions:
    ///   - {type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: ReplicaSet "web-5d" has timed out progressing., lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    /// New pods serve, and old ones do not go away:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, generation: 2}
    /// spec: {replicas: 3}
    /// status:
    ///   observedGeneration: 2
    ///   replicas: 5
    ///   updatedReplicas: 3
    ///   availableReplicas: 5
    ///   readyReplicas: 5
    ///   conditions:
    ///   - {type: Progressing, status: "True", reason: ReplicaSetUpdated, lastUpdateTime: "2026-01-01T11:40:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// A rollout within its deadline:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, generation: 2}
    /// spec: {replicas: 3}
    /// status:
    ///   observedGeneration: 2
    ///   replicas: 4
    ///   updatedReplicas: 1
    ///   readyReplicas: 3
    ///   conditions:
    ///   - {type: Progressing, status: "True", reason: ReplicaSetUpdated, lastUpdateTime: "2026-01-01T11:58:00Z"}
    /// ```
    /// A paused one:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 3, paused: true}
    /// status:
    ///   conditions:
    ///   - {type: Progressing, status: "False", reason: ProgressDeadlineExceeded, lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Cure what its new pods show, or go back: `kubectl rollout undo`.
    ///
    /// # What it cannot know
    /// Whether the new revision would work with more time.
    ///
    /// # Source
    /// Condition `Progressing` with reason `ProgressDeadlineExceeded` of apps/v1 Deployment.
    ROL001 "rollout-stalled" {
        role: Symptom,
        severity: Critical,
        confidence: 0.90,
        reads: [],
        maps_to: ["k8sgpt:Deployment"],
        check: Deployment(check),
    }
}

fn check<'a>(deployment: &'a Deployment, cluster: &Cluster<'a>, sink: &mut Sink) {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    if deployment.metadata.is_terminating() || deployment.spec.paused || wanted == 0 {
        return;
    }
    let Some(progressing) = condition(&deployment.status.conditions, "Progressing") else {
        return;
    };
    let status = &deployment.status;
    let is_done = status.updated_replicas >= wanted && status.available_replicas >= wanted;
    let has_timed_out = progressing.is_false() && progressing.reason == "ProgressDeadlineExceeded";
    if has_timed_out && !is_done {
        sink.report(timed_out(deployment, progressing));
    } else if is_done && keeps_old_pods(deployment, cluster, progressing) {
        sink.report(old_pods_stay(deployment, progressing));
    }
}

fn keeps_old_pods(deployment: &Deployment, cluster: &Cluster<'_>, progressing: &Condition) -> bool {
    let last_step = progressing
        .last_update_time
        .or(progressing.last_transition_time);
    deployment.status.replicas > deployment.status.updated_replicas
        && last_step.is_some()
        && !cluster.is_within(
            last_step,
            cluster.thresholds(&deployment.metadata).progress_default,
        )
}

fn timed_out(deployment: &Deployment, progressing: &Condition) -> Sighting {
    let ready = deployment.status.ready_replicas;
    let (severity, serving) = if ready == 0 {
        (Severity::Critical, "no pod serves".to_owned())
    } else {
        (
            Severity::Warning,
            format!("{ready} pods of it still serve, older ones among them"),
        )
    };
    let title = format!("The rollout of {} is stuck", deployment.reference());
    let explanation = format!(
        "{} of {} pods run the newest template and nothing moved for longer than its deadline; {serving}.",
        deployment.status.updated_replicas,
        deployment.spec.replicas.unwrap_or(1),
    );
    sighting(deployment, progressing, title, explanation)
        .severity(severity)
        .suggest(undo(deployment))
}

fn old_pods_stay(deployment: &Deployment, progressing: &Condition) -> Sighting {
    let old = deployment.status.replicas - deployment.status.updated_replicas;
    let title = format!(
        "{} keeps {old} pods of older revisions",
        deployment.reference()
    );
    let explanation =
        "All pods of the newest revision are available, yet older ones are not removed.";
    sighting(deployment, progressing, title, explanation.to_owned())
        .severity(Severity::Warning)
        .identified_by("old pods", "stay")
}

fn sighting(
    deployment: &Deployment,
    progressing: &Condition,
    title: String,
    explanation: String,
) -> Sighting {
    let own = deployment.reference();
    let text = format!("{}: {}", progressing.reason, progressing.message);
    let meta = &deployment.metadata;
    Sighting::of(own.clone(), title, explanation)
        .evidence(
            Evidence::message(own.clone(), "status.conditions[Progressing]", &text)
                .at(progressing.last_transition_time),
        )
        .evidence(Evidence::field(
            own,
            "status.updatedReplicas",
            deployment.status.updated_replicas,
        ))
        .since(progressing.last_transition_time)
        .suggest(Suggestion::look(
            "See which ReplicaSets it has",
            format!(
                "kubectl -n {} rollout history deployment/{}",
                meta.namespace, meta.name
            ),
        ))
}

fn undo(deployment: &Deployment) -> Suggestion {
    let meta = &deployment.metadata;
    Suggestion::run(
        "Go back to the revision before",
        format!(
            "kubectl -n {} rollout undo deployment/{}",
            meta.namespace, meta.name
        ),
        crate::model::Risk::Medium,
    )
}
