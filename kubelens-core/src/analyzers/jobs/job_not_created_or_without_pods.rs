use super::outcome::{has_failed, is_finished};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::control_plane_pod::controller_lease;
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::rollouts::refusers::refusers;
use crate::kubernetes::{Job, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Job exists and has no pod, or a CronJob cannot create its Job. Where the API server refuses
    /// the object, what it names explains that.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// ```
    /// A schedule whose Job is refused:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: pay, uid: c1}
    /// spec: {schedule: "* * * * *"}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: pay}
    /// involvedObject: {kind: CronJob, namespace: pay, name: digest, uid: c1}
    /// reason: FailedCreate
    /// message: 'Error creating job: jobs.batch "digest-29" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, used: count/jobs.batch=2, limited: count/jobs.batch=2'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// A Job that waits for its turn:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {suspend: true}
    /// ```
    /// Between two tries:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// status: {failed: 1, startTime: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Change what the refusal names; a Job that another controller manages waits for that one.
    ///
    /// # What it cannot know
    /// What a foreign Job controller is waiting for.
    ///
    /// # Source
    /// `status` of batch/v1 Job; events `FailedCreate` of CronJobs.
    JOB006 "job-not-created-or-without-pods" {
        role: Symptom,
        severity: Critical,
        confidence: 0.85,
        reads: [
            Job, CronJob, Pod, Event, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Deployment,
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration,
        ],
        maps_to: ["POP-1503"],
        check: Cluster(check),
    }
}

/// Seconds that the controller has to make the first pod.
const FIRST_POD: i64 = 120;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for job in cluster.all::<Job>() {
        if is_idle(cluster, job) {
            sink.report(without_pods(cluster, job));
        }
    }
    for failed in failed_creates(cluster) {
        if failed.controller.kind == "CronJob" {
            sink.report(refused(cluster, &failed));
        }
    }
}

/// Whether the Job should have made a pod and did not; a refusal of its pods has a rule of its own.
fn is_idle(cluster: &Cluster<'_>, job: &Job) -> bool {
    let status = &job.status;
    let has_counts =
        status.active + status.succeeded + status.failed + status.ready.unwrap_or(0) > 0;
    let rests = job.spec.suspend == Some(true) || job.spec.parallelism == Some(0);
    !has_counts
        && !rests
        && !job.metadata.is_terminating()
        && !is_finished(job)
        && !has_failed(job)
        && cluster.age(&job.metadata) > FIRST_POD
        && cluster.is_complete(crate::kubernetes::Kind::Pod, &job.metadata.namespace)
        && cluster.controlled_pods(&job.metadata).next().is_none()
        && cluster.newest_event(job, &["FailedCreate"]).is_none()
}

fn without_pods(cluster: &Cluster<'_>, job: &Job) -> Sighting {
    let own = job.reference();
    let manager = job
        .spec
        .managed_by
        .non_empty()
        .filter(|manager| *manager != "kubernetes.io/job-controller");
    let (explanation, proof) = match (manager, job.status.start_time) {
        (Some(manager), _) => (
            format!("It is managed by `{manager}`, which has not started it."),
            Evidence::field(own.clone(), "spec.managedBy", manager),
        ),
        (None, Some(start)) => (
            "It was started and no pod was made.".to_owned(),
            Evidence::field(own.clone(), "status.startTime", start),
        ),
        (None, None) => (
            "The Job controller has not even started it.".to_owned(),
            Evidence::field(own.clone(), "status.active", job.status.active),
        ),
    };
    Sighting::of(
        cluster.top_owner(own.clone(), &job.metadata),
        format!("{own} has no pod"),
        explanation,
    )
    .blames(controller_lease(), "controlled by")
    .seen_on(own.clone(), "template of")
    .evidence(proof)
    .since(job.metadata.creation_timestamp)
    .suggest(Suggestion::look(
        "See what it reports",
        format!(
            "kubectl -n {} describe job {}",
            job.metadata.namespace, job.metadata.name
        ),
    ))
}

fn refused(cluster: &Cluster<'_>, failed: &FailedCreate<'_>) -> Sighting {
    let own = failed.controller.clone();
    let title = format!("{own} cannot create its Job");
    let too_long = failed.text.contains("no more than 52 characters");
    let explanation = if too_long {
        "Its name is longer than the 52 characters that leave room for the names of its Jobs."
    } else {
        "The API server refuses the Job; its words are in the evidence."
    };
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .severity(Severity::Critical)
        .identified_by("job", "refused")
        .evidence(failed.evidence())
        .since(failed.since);
    for (object, relation) in refusers(cluster, failed) {
        sighting = sighting.blames(object, relation);
    }
    sighting.suggest(Suggestion::look(
        "Read the newest refusal",
        format!(
            "kubectl -n {} describe cronjob {}",
            failed.namespace(),
            own.name
        ),
    ))
}
