use super::outcome::failed_job;
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{Job, Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Job was not done within `activeDeadlineSeconds`, so Kubernetes stopped its pods and failed
    /// it. Time that pods spend waiting for a node or an image counts too.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// spec: {activeDeadlineSeconds: 600}
    /// status:
    ///   startTime: "2026-01-01T10:50:00Z"
    ///   conditions: [{type: Failed, status: "True", reason: DeadlineExceeded, message: Job was active longer than specified deadline, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// spec: {activeDeadlineSeconds: 600}
    /// status: {active: 1, startTime: "2026-01-01T11:55:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Raise the deadline, or cure what made the work take so long.
    ///
    /// # What it cannot know
    /// How long the work would have taken.
    ///
    /// # Source
    /// Condition `Failed` with reason `DeadlineExceeded` of batch/v1 Job.
    JOB002 "job-deadline-exceeded" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [CronJob, Pod],
        maps_to: ["k8sgpt:Job"],
        check: Job(check),
    }
}

fn check<'a>(job: &'a Job, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(failed) = failed_job(cluster, job, &["DeadlineExceeded"]) else {
        return;
    };
    let own = job.reference();
    let deadline = job.spec.active_deadline_seconds.unwrap_or_default();
    let title = format!("{own} was stopped at its deadline of {deadline} s");
    let done = match (job.status.succeeded, job.spec.completions) {
        (succeeded, Some(completions)) => {
            format!("{succeeded} of {completions} completions were done")
        }
        (succeeded, None) => format!("{succeeded} pods had succeeded"),
    };
    let doing = what_pods_did(cluster, job);
    let explanation = format!("It was not done in time: {done}.{doing}");
    let mut sighting = failed
        .sighting(cluster, title, explanation)
        .evidence(Evidence::field(
            own.clone(),
            "spec.activeDeadlineSeconds",
            deadline,
        ));
    if let Some(start) = job.status.start_time {
        sighting = sighting.evidence(Evidence::field(own.clone(), "status.startTime", start));
    }
    sink.report(sighting.suggest(Suggestion::advice(format!(
        "Raise activeDeadlineSeconds of {own} above the {deadline} s that it has"
    ))));
}

/// Where its pods stood, as far as they are still there.
fn what_pods_did(cluster: &Cluster<'_>, job: &Job) -> String {
    let mut phases: Vec<&str> = cluster
        .controlled_pods(&job.metadata)
        .filter(|pod: &&Pod| !pod.has_succeeded())
        .map(|pod| {
            if pod.is_scheduled() {
                pod.status.phase.as_str()
            } else {
                "waiting for a node"
            }
        })
        .collect();
    phases.sort_unstable();
    phases.dedup();
    if phases.is_empty() {
        String::new()
    } else {
        format!(" Its pods were: {}.", phases.join(", "))
    }
}
