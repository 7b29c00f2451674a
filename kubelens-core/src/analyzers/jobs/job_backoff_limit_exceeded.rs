use super::outcome::{failed_job, has_failed, is_finished, last_exit, last_words};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::workloads::failing_run;
use crate::kubernetes::{Job, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The pods of a Job failed as often as `backoffLimit` lets them, so the Job gave up; or they
    /// fail again and again and it is about to. Why they fail is told by their exit codes and logs.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// spec: {backoffLimit: 1}
    /// status:
    ///   failed: 2
    ///   conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// Still trying:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// spec: {backoffLimit: 6}
    /// status: {active: 1, failed: 3}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// status:
    ///   succeeded: 1
    ///   failed: 1
    ///   conditions: [{type: Complete, status: "True"}]
    /// ```
    ///
    /// # How to fix
    /// Change what the last run's exit code and log name, and make the Job anew.
    ///
    /// # What it cannot know
    /// Why pods failed that are gone, with their logs.
    ///
    /// # Source
    /// Condition `Failed` with reason `BackoffLimitExceeded` and `status.failed` of batch/v1 Job.
    JOB001 "job-backoff-limit-exceeded" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [CronJob, Pod],
        maps_to: ["k8sgpt:Job", "POP-1503"],
        check: Job(check),
    }
}

fn check<'a>(job: &'a Job, cluster: &Cluster<'a>, sink: &mut Sink) {
    if let Some(failed) = failed_job(cluster, job, &["BackoffLimitExceeded"]) {
        let limit = job.spec.backoff_limit.unwrap_or(6);
        let how = last_exit(cluster, job);
        let title = match &how {
            Some(how) => format!("{} failed: {how}", job.reference()),
            None => format!(
                "{} failed and gave up after its back-off limit",
                job.reference()
            ),
        };
        let explanation = format!(
            "{} of its pods failed; its back-off limit is {limit}, so it is not tried again.",
            job.status.failed
        );
        sink.report(
            failed
                .sighting(cluster, title, explanation)
                .evidence(Evidence::field(job.reference(), "spec.backoffLimit", limit))
                .evidence(Evidence::field(
                    job.reference(),
                    "status.failed",
                    job.status.failed,
                )),
        );
    } else if is_in_trouble(job, cluster) {
        sink.report(struggling(job, cluster));
    }
}

/// Whether its pods fail and are tried again, and none of them runs well now.
fn is_in_trouble(job: &Job, cluster: &Cluster<'_>) -> bool {
    let is_open = !is_finished(job) && !has_failed(job) && !job.metadata.is_terminating();
    is_open && job.spec.suspend != Some(true) && failing_run::is_struggling(cluster, job)
}

fn struggling(job: &Job, cluster: &Cluster<'_>) -> Sighting {
    let own = job.reference();
    let failed = job.status.failed;
    let limit = job.spec.backoff_limit.unwrap_or(6);
    let title = match last_exit(cluster, job) {
        Some(how) => format!("{own} fails and is tried again: {how}"),
        None => format!("{own} fails and is tried again"),
    };
    let explanation = format!("{failed} of its pods failed; after more than {limit} it gives up.");
    Sighting::of(
        cluster.top_owner(own.clone(), &job.metadata),
        title,
        explanation,
    )
    .seen_on(own.clone(), "template of")
    .identified_by("state", "retrying")
    .severity(Severity::Warning)
    .evidence(Evidence::field(own.clone(), "status.failed", failed))
    .evidence(Evidence::field(own, "spec.backoffLimit", limit))
    .all_evidence(last_words(cluster, job))
    .since(job.status.start_time)
    .suggest(Suggestion::look(
        "Read what its pods wrote",
        format!(
            "kubectl -n {} logs job/{} --all-containers --tail=50",
            job.metadata.namespace, job.metadata.name
        ),
    ))
}
