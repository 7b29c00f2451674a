//! Whether a container is down, or keeps going down, because its runs end by themselves.

use crate::analyzers::finished_owner;
use crate::analyzers::later_run::has_later_success;
use crate::kubernetes::{ContainerRole, ContainerView, Job, Pod, Terminated};
use crate::model::Severity;
use crate::snapshot::Cluster;

/// Seconds within which the last end and the current run must lie.
pub(super) const LOOP_WINDOW: i64 = 600;

/// Seconds after which a failed Job is history.
const JOB_HISTORY: i64 = 7 * 86_400;

/// Seconds in which the first end of a container is left to its restart.
const FIRST_RESTART: i64 = 60;

/// Seconds after which a pod that failed for good, outside Jobs, is a leftover.
pub(super) const LEFTOVER: i64 = 86_400;

/// How the last run of a container ended, if the container is down because of it, or goes down again
/// and again. None for what is being deleted, has done its work or was stopped from outside.
pub(super) fn failing_end<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<&'a Terminated> {
    let end = container.last_end()?;
    if pod.metadata.is_terminating() || pod.has_succeeded() || is_stopped_from_outside(pod) {
        return None;
    }
    // What failed for good long ago and nobody started again is history.
    if pod.status.phase == "Failed"
        && !cluster.is_within(end.finished_at, LEFTOVER)
        && job_outcome(cluster, pod) == JobOutcome::NoJob
    {
        return None;
    }
    if finished_owner::is_forgiven(cluster, pod) {
        return None;
    }
    let is_down = is_looping(cluster, pod, container) || has_ended_badly(cluster, pod, container);
    (is_down && job_outcome(cluster, pod) != JobOutcome::Done).then_some(end)
}

/// Whether a container starts, ends and starts again now.
pub(super) fn is_looping(cluster: &Cluster<'_>, pod: &Pod, container: &ContainerView<'_>) -> bool {
    if container.waiting_reason() == "CrashLoopBackOff" {
        return true;
    }
    let Some(status) = container.status else {
        return false;
    };
    if status.restart_count < cluster.thresholds(&pod.metadata).crash_restarts {
        return false;
    }
    let ended_lately = container
        .last_end()
        .is_some_and(|end| cluster.is_within(end.finished_at, LOOP_WINDOW));
    let runs_briefly = status
        .state
        .running
        .as_ref()
        .is_none_or(|run| cluster.is_within(run.started_at, LOOP_WINDOW) && !status.ready);
    ended_lately && runs_briefly
}

/// Whether a container has ended badly and stands still: it is not started again, or not yet.
fn has_ended_badly(cluster: &Cluster<'_>, pod: &Pod, container: &ContainerView<'_>) -> bool {
    let Some(end) = container
        .status
        .and_then(|status| status.state.terminated.as_deref())
    else {
        return false;
    };
    let is_started_again = container.role == ContainerRole::Sidecar
        || pod.spec.restart_policy.is_empty()
        || pod.spec.restart_policy == "Always"
        || (pod.spec.restart_policy == "OnFailure" && pod.is_live());
    let is_first_try = is_started_again
        && container.restarts() == 0
        && cluster.is_within(end.finished_at, FIRST_RESTART);
    end.exit_code != 0 && !is_first_try
}

/// Whether the pod failed for a reason that is not its containers': eviction, shutdown, deadline.
fn is_stopped_from_outside(pod: &Pod) -> bool {
    pod.status.phase == "Failed" && !pod.status.reason.is_empty()
}

/// How it stands with the Job of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analyzers) enum JobOutcome {
    /// The pod is not of a Job.
    NoJob,
    /// The Job goes on, or is not known.
    Open,
    /// The Job has failed.
    Failed,
    /// The Job, or a later one of the same thing, did its work; or it is long ago.
    Done,
}

/// How it stands with the Job of a pod, if it has one.
pub(in crate::analyzers) fn job_outcome(cluster: &Cluster<'_>, pod: &Pod) -> JobOutcome {
    let Some(owner) = pod
        .metadata
        .controller()
        .filter(|owner| owner.kind == "Job")
    else {
        return JobOutcome::NoJob;
    };
    let Some(job) = cluster.get::<Job>(&pod.metadata.namespace, &owner.name) else {
        return JobOutcome::Open;
    };
    let is_true = |type_: &str| {
        job.status
            .conditions
            .iter()
            .find(|condition| condition.type_ == type_ && condition.is_true())
    };
    let failed = is_true("Failed").or(is_true("FailureTarget"));
    let failed_at = failed.and_then(|failed| failed.last_transition_time);
    if is_true("Complete")
        .or(is_true("SuccessCriteriaMet"))
        .is_some()
        || has_later_success(cluster, job, failed_at)
    {
        return JobOutcome::Done;
    }
    match failed {
        Some(failed) if cluster.seconds_since(failed.last_transition_time) > JOB_HISTORY => {
            JobOutcome::Done
        }
        Some(_) => JobOutcome::Failed,
        None if job.spec.suspend == Some(true) => JobOutcome::Done,
        None => JobOutcome::Open,
    }
}

/// Failed tries from which on a Job that has no good one is in trouble.
const TRIES: i64 = 2;

/// Whether a Job's pods fail and are tried again, and none of them runs well now. Reads Pod.
pub(in crate::analyzers) fn is_struggling(cluster: &Cluster<'_>, job: &Job) -> bool {
    let runs_well = |pod: &Pod| {
        let mut main = pod
            .containers()
            .filter(|container| container.role == ContainerRole::App);
        pod.is_live() && main.all(|container| container.is_running() && container.restarts() == 0)
    };
    job.status.failed >= TRIES && !cluster.controlled_pods(&job.metadata).any(runs_well)
}

/// Whether the pod is a try that failed and that its Job allows for: it goes on within its limits, and no
/// index of it has used up its own.
pub(in crate::analyzers) fn is_spent_try(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    let owner = pod
        .metadata
        .controller()
        .filter(|owner| owner.kind == "Job");
    let job = owner.and_then(|owner| cluster.get::<Job>(&pod.metadata.namespace, &owner.name));
    job.is_some_and(|job| {
        pod.status.phase == "Failed"
            && job.status.active > 0
            && job.status.failed_indexes.is_empty()
            && job_outcome(cluster, pod) == JobOutcome::Open
            && !is_struggling(cluster, job)
    })
}

/// How bad it is that this container fails: a Job that still tries again has not failed yet.
pub(super) fn severity(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &ContainerView<'_>,
) -> Severity {
    let is_up = container.is_running() && container.is_ready();
    if is_spent_try(cluster, pod) {
        Severity::Info
    } else if is_up
        || finished_owner::is_step(pod)
        || (job_outcome(cluster, pod) == JobOutcome::Open
            && container.waiting_reason() != "CrashLoopBackOff")
    {
        Severity::Warning
    } else {
        Severity::Critical
    }
}
