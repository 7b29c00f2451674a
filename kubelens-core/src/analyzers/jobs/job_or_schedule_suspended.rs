use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CronJob, Job, Object, ObjectMeta, condition};
use crate::model::{Evidence, ObjectRef, Risk, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Job or a CronJob is suspended: it does not run until someone resumes it. It is only noted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1}
    /// spec: {schedule: "0 6 * * 1", suspend: true}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: import, namespace: data, uid: j1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {suspend: true}
    /// ```
    ///
    /// # Stays silent on
    /// A Job in a queue:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: import, namespace: data, uid: j1, labels: {kueue.x-k8s.io/queue-name: night}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {suspend: true}
    /// ```
    ///
    /// # How to fix
    /// Set `suspend: false` if it should run.
    ///
    /// # What it cannot know
    /// Who suspended it, and why.
    ///
    /// # Source
    /// `spec.suspend` of batch/v1 Job and CronJob.
    JOB007 "job-or-schedule-suspended" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [Job, CronJob],
        maps_to: ["k8sgpt:CronJob", "k8sgpt:Job", "POP-1500"],
        check: Cluster(check),
    }
}

/// Seconds for which a Job may rest before it is noted.
const RESTING: i64 = 3600;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for cron in cluster.all::<CronJob>() {
        if cron.spec.suspend == Some(true) && !cron.metadata.is_terminating() {
            sink.report(sighting(&cron.reference(), &cron.metadata, "cronjob"));
        }
    }
    for job in cluster.all::<Job>() {
        let suspended = condition(&job.status.conditions, "Suspended")
            .and_then(|suspended| suspended.last_transition_time);
        let since = suspended.or(job.metadata.creation_timestamp);
        let rests = job.spec.suspend == Some(true) && cluster.seconds_since(since) > RESTING;
        if rests && !is_queued(&job.metadata) && !job.metadata.is_terminating() {
            sink.report(sighting(&job.reference(), &job.metadata, "job"));
        }
    }
}

/// Whether a queue decides when it runs.
fn is_queued(meta: &ObjectMeta) -> bool {
    meta.labels
        .keys()
        .any(|key| key.starts_with("kueue.x-k8s.io/") || key.starts_with("volcano.sh/"))
}

fn sighting(own: &ObjectRef, meta: &ObjectMeta, resource: &str) -> Sighting {
    Sighting::of(
        own.clone(),
        format!("{own} is suspended"),
        "It does not run until it is resumed.",
    )
    .evidence(Evidence::field(own.clone(), "spec.suspend", true).at(meta.last_write))
    .suggest(Suggestion::run(
        "Resume it if it should run",
        format!(
            "kubectl -n {} patch {resource} {} -p '{{\"spec\":{{\"suspend\":false}}}}'",
            meta.namespace, meta.name
        ),
        Risk::Low,
    ))
}
