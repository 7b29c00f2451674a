use super::outcome::{failed_job, last_exit};
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{Job, Object};
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A rule of the Job's own failed it at once: an exit code or condition that its
    /// `podFailurePolicy` names, or more failed indexes than it allows.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// status:
    ///   failed: 1
    ///   conditions: [{type: Failed, status: "True", reason: PodFailurePolicy, message: Container main for pod pay/month-end-x failed with exit code 42 matching FailJob rule at index 0, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// spec: {completionMode: Indexed, completions: 5}
    /// status:
    ///   failed: 2
    ///   failedIndexes: 1,3
    ///   conditions: [{type: Failed, status: "True", reason: FailedIndexes, message: Job has failed indexes, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// status:
    ///   failed: 2
    ///   conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Change what makes the container end with that code, or the rule.
    ///
    /// # What it cannot know
    /// What the program means by its exit code.
    ///
    /// # Source
    /// Condition `Failed` with reason `PodFailurePolicy`, `FailedIndexes` or
    /// `MaxFailedIndexesExceeded` of batch/v1 Job.
    JOB003 "job-failed-by-rule" {
        role: Both,
        severity: Critical,
        confidence: 0.95,
        reads: [CronJob, Pod],
        maps_to: [],
        check: Job(check),
    }
}

fn check<'a>(job: &'a Job, cluster: &Cluster<'a>, sink: &mut Sink) {
    let reasons = [
        "PodFailurePolicy",
        "FailedIndexes",
        "MaxFailedIndexesExceeded",
    ];
    let Some(failed) = failed_job(cluster, job, &reasons) else {
        return;
    };
    let own = job.reference();
    let reason = failed.condition.reason.as_str();
    let indexes = &job.status.failed_indexes;
    let title = match (reason, last_exit(cluster, job)) {
        ("PodFailurePolicy", Some(how)) => format!("{own} was failed by its own policy: {how}"),
        ("PodFailurePolicy", None) => format!("{own} was failed by its own pod failure policy"),
        ("MaxFailedIndexesExceeded", _) => {
            format!("{own} was failed: more indexes failed than it allows")
        }
        _ => format!("{own} has indexes that failed: {indexes}"),
    };
    let explanation = "It is not tried again.".to_owned();
    let mut sighting = failed
        .sighting(cluster, title, explanation)
        .identified_by("reason", reason)
        .evidence(Evidence::field(
            own.clone(),
            "status.failed",
            job.status.failed,
        ));
    if let Some(indexes) = indexes.non_empty() {
        sighting = sighting.evidence(Evidence::field(own, "status.failedIndexes", indexes));
    }
    sink.report(sighting);
}
