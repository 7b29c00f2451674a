use super::outcome::{failure, has_failed, is_finished, last_words};
use super::timetable::Timetable;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CronJob, Job, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The newest finished run of a CronJob failed and none succeeded since, or it never succeeded
    /// though it was due at least twice. It folds into the cause of the failed Job.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "0 * * * *"}
    /// status: {lastScheduleTime: "2026-01-01T11:00:00Z", lastSuccessfulTime: "2026-01-01T10:01:00Z"}
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T11:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
    /// status:
    ///   failed: 1
    ///   conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, lastTransitionTime: "2026-01-01T11:05:00Z"}]
    /// ```
    /// Never a success:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "0 6 * * *"}
    /// status: {lastScheduleTime: "2026-01-01T06:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// A failed run with a success after it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "0 * * * *"}
    /// status: {lastScheduleTime: "2026-01-01T12:00:00Z", lastSuccessfulTime: "2026-01-01T11:58:00Z"}
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T11:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
    /// status:
    ///   failed: 1
    ///   conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, lastTransitionTime: "2026-01-01T11:05:00Z"}]
    /// ```
    /// A first run that is under way:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2026-01-01T10:30:00Z"}
    /// spec: {schedule: "0 * * * *"}
    /// status: {lastScheduleTime: "2026-01-01T12:00:00Z", active: [{kind: Job, name: digest-30}]}
    /// ```
    ///
    /// # How to fix
    /// Change what the failed run's exit code and log name.
    ///
    /// # What it cannot know
    /// Runs whose Jobs are no longer kept.
    ///
    /// # Source
    /// `status.lastSuccessfulTime` of batch/v1 CronJob and the conditions of its Jobs.
    JOB015 "cron-runs-fail" {
        role: Both,
        severity: Warning,
        confidence: 0.90,
        reads: [Job, Pod],
        maps_to: ["k8sgpt:CronJob", "POP-1502", "POP-1503"],
        check: CronJob(check),
    }
}

/// Failures in a row from which on it is critical.
const MANY: usize = 3;

/// Runs that must have been due before never having succeeded counts.
const TRIES: usize = 2;

fn check<'a>(cron: &'a CronJob, cluster: &Cluster<'a>, sink: &mut Sink) {
    if cron.spec.suspend == Some(true) || cron.metadata.is_terminating() {
        return;
    }
    let newest = cluster
        .jobs_of(&cron.metadata)
        .filter(|job| is_finished(job) || has_failed(job))
        .max_by_key(|job| (job.metadata.creation_timestamp, &job.metadata.name));
    let success = cron.status.last_successful_time;
    match newest.and_then(|job| Some((job, failure(job)?))) {
        Some((job, failed)) => {
            let is_past = success.is_some() && success > failed.last_transition_time;
            if !is_past {
                sink.report(failing(cron, cluster, job));
            }
        }
        None if success.is_none() && newest.is_none() && cron.status.active.is_empty() => {
            let last = cron.status.last_schedule_time;
            let times = last.map_or(0, |last| {
                runs_since(cron, cron.metadata.creation_timestamp, last)
            });
            if times >= TRIES {
                sink.report(never(cron));
            }
        }
        None => {}
    }
}

/// How often it was due from one time to another.
fn runs_since(cron: &CronJob, since: Option<jiff::Timestamp>, until: jiff::Timestamp) -> usize {
    match (Timetable::of(cron), since) {
        (Some(table), Some(since)) => table.schedule.times_due(since, until, &table.zone, 100),
        _ => 0,
    }
}

fn failing(cron: &CronJob, cluster: &Cluster<'_>, job: &Job) -> Sighting {
    let own = cron.reference();
    let since = cron
        .status
        .last_successful_time
        .or(cron.metadata.creation_timestamp);
    let kept = cluster
        .jobs_of(&cron.metadata)
        .filter(|job| has_failed(job))
        .filter(|job| job.metadata.creation_timestamp > since)
        .count();
    let due = cron
        .status
        .last_schedule_time
        .map_or(0, |last| runs_since(cron, since, last));
    let in_a_row = kept.max(due).max(1);
    let severity = if in_a_row >= MANY {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let title = match in_a_row {
        1 => format!("The newest run of {own} failed"),
        times => format!("The last {times} runs of {own} failed"),
    };
    let explanation = format!(
        "{} failed, and no run succeeded since. The cause is not seen.",
        job.reference()
    );
    let last_success = cron
        .status
        .last_successful_time
        .map_or_else(|| "never".to_owned(), |time| time.to_string());
    let reason = failure(job).map(|failed| {
        let text = format!("{}: {}", failed.reason, failed.message);
        Evidence::message(job.reference(), "status.conditions[Failed]", &text)
            .at(failed.last_transition_time)
    });
    Sighting::of(own.clone(), title, explanation)
        .severity(severity)
        .all_evidence(reason)
        .evidence(Evidence::field(
            own,
            "status.lastSuccessfulTime",
            last_success,
        ))
        .all_evidence(last_words(cluster, job))
        .suggest(Suggestion::look(
            "Read what the failed run wrote",
            format!(
                "kubectl -n {} logs job/{} --all-containers --tail=50",
                job.metadata.namespace, job.metadata.name
            ),
        ))
}

fn never(cron: &CronJob) -> Sighting {
    let own = cron.reference();
    let title = format!("{own} has never succeeded");
    let explanation = "It was started at least twice, and none of its Jobs is kept that could say why. The cause is not seen.";
    let last = cron
        .status
        .last_schedule_time
        .map_or_else(|| "never".to_owned(), |time| time.to_string());
    Sighting::of(own.clone(), title, explanation)
        .confidence(0.85)
        .identified_by("success", "never")
        .evidence(Evidence::field(
            own.clone(),
            "status.lastSuccessfulTime",
            "not set",
        ))
        .evidence(Evidence::field(
            own.clone(),
            "status.lastScheduleTime",
            last,
        ))
        .suggest(Suggestion::advice(format!(
            "Keep failed Jobs of {own} (failedJobsHistoryLimit above 0) to see why they fail"
        )))
}
