use super::argo_application;
use super::bad_condition::{is_resting, words};
use super::failing::{failing, pointing, report, titled};
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An Argo CD Application is degraded, cannot be synced or compared; an Argo Rollout was aborted or
    /// is degraded; an analysis, a Workflow or a Tekton PipelineRun failed. It points at the objects below
    /// it that are not healthy.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: {name: shop, namespace: argocd, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status:
    ///   health: {status: Degraded, lastTransitionTime: "2026-01-01T11:00:00Z"}
    ///   sync: {status: Synced}
    ///   resources: [{group: apps, version: v1, kind: Deployment, namespace: shop, name: web, health: {status: Degraded}}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Rollout
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status: {phase: Degraded, abort: true, message: "RolloutAborted: metric error-rate assessed Failed", abortedAt: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: {name: shop, namespace: argocd, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status:
    ///   health: {status: Progressing, lastTransitionTime: "2026-01-01T11:00:00Z"}
    ///   sync: {status: OutOfSync}
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: {name: night, namespace: argocd, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status: {health: {status: Suspended}, sync: {status: Synced}}
    /// ---
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Workflow
    /// metadata: {name: report-x1, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status: {phase: Succeeded}
    /// ```
    ///
    /// # How to fix
    /// Repair the object below it that is not healthy; for a sync that fails, correct the manifests.
    ///
    /// # What it cannot know
    /// What is in the repository.
    ///
    /// # Source
    /// `status.health`, `status.operationState`, `status.sync` and `status.conditions` of Application;
    /// `status.phase` of Rollout, AnalysisRun and Workflow; condition Succeeded of PipelineRun.
    OPS040 "argo-object-failing" {
        role: Both,
        severity: Critical,
        confidence: 0.88,
        reads: [Service, Pod, Ingress, Namespace, Event, Secret, ConfigMap, ServiceAccount],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Seconds after which a run that failed is history.
const RUN_WINDOW: i64 = 86_400;

/// Seconds that a state must hold.
const STATE_GRACE: i64 = 120;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for application in cluster.customs("argoproj.io", "Application") {
        argo_application::check(cluster, application, sink);
    }
    for rollout in cluster.customs("argoproj.io", "Rollout") {
        check_rollout(cluster, rollout, sink);
    }
    for kind in ["AnalysisRun", "Workflow"] {
        for run in cluster.customs("argoproj.io", kind) {
            let phase = run.status_text("/phase");
            if matches!(phase, "Failed" | "Error") {
                let said = format!("{phase}: {}", run.status_text("/message"));
                failed_run(cluster, run, &said, "status.message", sink);
            }
        }
    }
    for run in cluster.customs("tekton.dev", "PipelineRun") {
        if let Some(failed) = run.condition("Succeeded").filter(Condition::is_false)
            && !matches!(failed.reason.as_str(), "Cancelled" | "PipelineRunCancelled")
        {
            let path = "status.conditions[Succeeded]";
            failed_run(cluster, run, &words(&failed), path, sink);
        }
    }
}

fn check_rollout(cluster: &Cluster<'_>, rollout: &CustomObject, sink: &mut Sink) {
    let invalid = rollout.condition("InvalidSpec").filter(Condition::is_true);
    let is_degraded = rollout.status_text("/phase") == "Degraded" || invalid.is_some();
    if !is_degraded || is_resting(rollout) {
        return;
    }
    let since = rollout
        .condition("Progressing")
        .and_then(|progress| progress.last_transition_time)
        .or_else(|| rollout.status_text("/abortedAt").parse().ok())
        .or(rollout.metadata.creation_timestamp);
    if cluster.seconds_since(since) <= STATE_GRACE {
        return;
    }
    let message = rollout.status_text("/message");
    let said = match &invalid {
        Some(invalid) => words(invalid),
        None => message.to_owned(),
    };
    let is_aborted = rollout
        .status
        .get("abort")
        .and_then(serde_json::Value::as_bool)
        == Some(true);
    // An aborted rollout went back to what served before.
    let severity = if is_aborted {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let state = if is_aborted {
        "was aborted"
    } else {
        "is degraded"
    };
    let conditions: Vec<Condition> = invalid.into_iter().collect();
    let explanation = if is_aborted {
        "Its new revision does not serve; the one before goes on."
    } else {
        "Its new revision does not become available."
    };
    let mut sighting = failing(
        cluster,
        rollout,
        titled(rollout, state, &said),
        explanation,
        &conditions,
    )
    .severity(severity)
    .evidence(Evidence::message(
        rollout.reference(),
        "status.message",
        &format!("{}: {message}", rollout.status_text("/phase")),
    ))
    .since(since);
    for run in cluster.customs("argoproj.io", "AnalysisRun") {
        let is_own = run
            .metadata
            .controller()
            .is_some_and(|owner| owner.kind == "Rollout" && owner.name == rollout.metadata.name);
        if is_own
            && run.metadata.namespace == rollout.metadata.namespace
            && matches!(run.status_text("/phase"), "Failed" | "Error")
        {
            sighting = sighting.blames(run.reference(), "analysis");
        }
    }
    sink.report(sighting);
}

/// A run that failed lately, unless a later one of the same definition is over.
fn failed_run(cluster: &Cluster<'_>, run: &CustomObject, said: &str, path: &str, sink: &mut Sink) {
    let end = ["/finishedAt", "/completionTime", "/completedAt"]
        .iter()
        .find_map(|field| run.status_text(field).parse().ok())
        .or(run.metadata.creation_timestamp);
    if !cluster.is_within(end, RUN_WINDOW) || is_superseded(cluster, run) {
        return;
    }
    let sighting = failing(
        cluster,
        run,
        titled(run, "failed", said),
        "What it was to do is not done, or only in part.",
        &[],
    )
    .severity(Severity::Warning)
    .evidence(Evidence::message(run.reference(), path, said).at(end))
    .since(end);
    let sighting = pointing(cluster, run, sighting, said);
    let told = Condition {
        message: said.into(),
        ..Condition::default()
    };
    report(cluster, run, sighting, &[told], sink);
}

/// Labels that name the definition that runs are made from.
const DEFINITIONS: [&str; 5] = [
    "tekton.dev/pipeline",
    "workflows.argoproj.io/cron-workflow",
    "workflows.argoproj.io/workflow-template",
    "workflows.argoproj.io/cluster-workflow-template",
    "rollouts-pod-template-hash",
];

fn is_superseded(cluster: &Cluster<'_>, run: &CustomObject) -> bool {
    let Some((key, value)) = DEFINITIONS
        .iter()
        .find_map(|key| Some((*key, run.metadata.labels.value(key)?)))
    else {
        return false;
    };
    cluster.customs(run.group(), &run.kind).any(|other| {
        // How the newest one ended is how it stands, well or not.
        let is_over = matches!(
            other.status_text("/phase"),
            "Succeeded" | "Failed" | "Error"
        ) || other
            .condition("Succeeded")
            .is_some_and(|done| done.is_true() || done.is_false());
        is_over
            && other.metadata.namespace == run.metadata.namespace
            && other.metadata.labels.value(key) == Some(value)
            && other.metadata.creation_timestamp > run.metadata.creation_timestamp
    })
}
