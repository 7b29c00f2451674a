use super::advice::describe_pod;
use super::exit_code;
use super::failing_run::LEFTOVER;
use super::last_words::quoted;
use super::stopped_pod::{severity, stopped_at};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::finished_owner;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod that is not of a Job has failed for good: its containers ended with errors and are not
    /// started again, or it ran longer than it may.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: once, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {restartPolicy: Never, activeDeadlineSeconds: 60, containers: [{name: once}]}
    /// status: {phase: Failed, reason: DeadlineExceeded, message: Pod was active on the node longer than the specified deadline}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: once, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {restartPolicy: Never, containers: [{name: once}]}
    /// status:
    ///   phase: Failed
    ///   reason: Terminated
    ///   message: Pod was terminated in response to imminent node shutdown.
    ///   containerStatuses: [{name: once, state: {terminated: {exitCode: 143}}}]
    /// ```
    ///
    /// # How to fix
    /// Correct what its exit code and log name, delete the pod and make it again; let a Job own what
    /// runs once.
    ///
    /// # What it cannot know
    /// Whether anybody still waits for it.
    ///
    /// # Source
    /// `status.phase` Failed and `status.reason` DeadlineExceeded of core/v1 Pod.
    WRK037 "pod-failed" {
        role: Both,
        severity: Warning,
        confidence: 0.85,
        reads: [],
        maps_to: ["k8sgpt:Pod", "POP-200", "POP-201", "POP-207"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.status.phase != "Failed" || pod.metadata.is_terminating() {
        return;
    }
    let is_of_a_job = pod
        .metadata
        .controller()
        .is_some_and(|owner| owner.kind == "Job");
    let reason = pod.status.reason.as_str();
    let is_told_elsewhere = !reason.is_empty() && reason != "DeadlineExceeded";
    if is_of_a_job
        || is_told_elsewhere
        || is_stopped_by_a_signal(pod, reason)
        || finished_owner::has_succeeded(cluster, pod)
    {
        return;
    }
    if let Some(severity) = severity(cluster, pod) {
        let is_leftover = !cluster.is_within(stopped_at(pod), LEFTOVER);
        let severity = if is_leftover || finished_owner::is_one_of_many_runs(cluster, pod) {
            Severity::Info
        } else {
            severity.min(Severity::Warning)
        };
        sink.report(sighting(pod, cluster, severity));
    }
}

/// Whether everything that ended was told to: shutdown or deletion, not a failure.
fn is_stopped_by_a_signal(pod: &Pod, reason: &str) -> bool {
    let mut failed = pod
        .containers()
        .filter_map(|container| container.last_end())
        .filter(|end| end.exit_code != 0)
        .peekable();
    reason.is_empty()
        && failed.peek().is_some()
        && failed.all(|end| matches!(end.exit_code, 137 | 143) && end.reason != "OOMKilled")
}

fn sighting(pod: &Pod, cluster: &Cluster<'_>, severity: Severity) -> Sighting {
    let top = cluster.top_of(pod);
    let ends: Vec<String> = pod
        .containers()
        .filter_map(|container| Some((container, container.last_end()?)))
        .filter(|(_, end)| end.exit_code != 0)
        .map(|(container, end)| {
            format!(
                "container `{}`: {}",
                container.name(),
                exit_code::in_words(end)
            )
        })
        .collect();
    let is_late = pod.status.reason == "DeadlineExceeded";
    let (title, explanation) = if is_late {
        let deadline = pod.spec.active_deadline_seconds.unwrap_or_default();
        (
            format!(
                "{} ran longer than its deadline of {deadline} s (DeadlineExceeded)",
                of_whom(&top)
            ),
            "The kubelet ended it when its activeDeadlineSeconds were over.".to_owned(),
        )
    } else {
        let how = if ends.is_empty() {
            "no container says how".to_owned()
        } else {
            ends.join(", ")
        };
        (
            format!("{} has failed for good: {how}", of_whom(&top)),
            "It is not started again.".to_owned(),
        )
    };
    let said = if pod.status.message.is_empty() {
        String::new()
    } else {
        format!(" It says {}.", quoted(&pod.status.message))
    };
    Sighting::of(top, title, format!("{explanation}{said}"))
        .seen_on(pod.reference(), "template of")
        .identified_by("fact", if is_late { "deadline" } else { "failed" })
        .severity(severity)
        .since(stopped_at(pod))
        .evidence(Evidence::field(pod.reference(), "status.phase", "Failed").at(stopped_at(pod)))
        .all_evidence(
            (!pod.status.message.is_empty())
                .then(|| Evidence::message(pod.reference(), "status.message", &pod.status.message)),
        )
        .suggest(describe_pod(pod))
}

/// The pod itself where nothing owns it, else one of its owner's.
fn of_whom(top: &ObjectRef) -> String {
    if top.kind == "Pod" {
        top.to_string()
    } else {
        format!("A pod of {top}")
    }
}
