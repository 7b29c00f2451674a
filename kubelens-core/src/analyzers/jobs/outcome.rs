//! How a Job ended, and what its failed pods say.

use crate::analysis::Sighting;
use crate::analyzers::later_run::has_later_success;
use crate::kubernetes::{Condition, CronJob, Job, Object, Pod, condition};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, gist, safe_text};
use crate::snapshot::Cluster;

/// Seconds after which a Job that failed is history.
const HISTORY: i64 = 7 * 86400;

/// Lines of a log that are kept as proof.
const LAST_LINES: usize = 3;

/// Letters of what is said of a pod.
const MOST_OF_A_MESSAGE: usize = 160;

/// Whether the Job has come to an end, well or not.
pub(super) fn is_finished(job: &Job) -> bool {
    ["Complete", "Failed"]
        .iter()
        .any(|type_| condition(&job.status.conditions, type_).is_some_and(Condition::is_true))
}

/// Whether the Job ended well.
pub(in crate::analyzers) fn has_succeeded(job: &Job) -> bool {
    condition(&job.status.conditions, "Complete").is_some_and(Condition::is_true)
}

/// Whether the Job failed for good.
pub(super) fn has_failed(job: &Job) -> bool {
    failure(job).is_some()
}

/// The condition that says that the Job failed, or is about to.
pub(super) fn failure(job: &Job) -> Option<&Condition> {
    ["Failed", "FailureTarget"].iter().find_map(|type_| {
        condition(&job.status.conditions, type_).filter(|failed| failed.is_true())
    })
}

/// The CronJob that made the Job.
pub(super) fn schedule_of<'a>(cluster: &Cluster<'a>, job: &Job) -> Option<&'a CronJob> {
    let owner = job.metadata.controller()?;
    (owner.kind == "CronJob")
        .then(|| cluster.get::<CronJob>(&job.metadata.namespace, &owner.name))
        .flatten()
}

/// A Job that failed for good.
#[derive(Debug)]
pub(super) struct FailedJob<'a> {
    /// The Job.
    pub(super) job: &'a Job,
    /// What says so.
    pub(super) condition: &'a Condition,
    /// What a person edits: the CronJob, or the Job.
    pub(super) subject: ObjectRef,
    /// Info once it is history or a later run made up for it, a warning for one run of a schedule, else critical.
    pub(super) severity: Severity,
}

/// The failure of a Job for one of these reasons. Only the newest failed run of a schedule counts.
/// Reads CronJob, Job.
pub(super) fn failed_job<'a>(
    cluster: &Cluster<'a>,
    job: &'a Job,
    reasons: &[&str],
) -> Option<FailedJob<'a>> {
    if job.metadata.is_terminating() {
        return None;
    }
    let condition = failure(job).filter(|failed| reasons.contains(&failed.reason.as_str()))?;
    let schedule = schedule_of(cluster, job);
    if schedule.is_some_and(|schedule| has_newer_failure(cluster, schedule, job)) {
        return None;
    }
    let when = condition.last_transition_time;
    let is_old = when.is_some() && !cluster.is_within(when, HISTORY);
    let is_past = has_later_success(cluster, job, when);
    let severity = match schedule {
        _ if is_old || is_past => Severity::Info,
        Some(_) => Severity::Warning,
        None => Severity::Critical,
    };
    Some(FailedJob {
        job,
        condition,
        subject: cluster.top_owner(job.reference(), &job.metadata),
        severity,
    })
}

fn has_newer_failure(cluster: &Cluster<'_>, schedule: &CronJob, job: &Job) -> bool {
    cluster.jobs_of(&schedule.metadata).any(|other| {
        has_failed(other)
            && (other.metadata.creation_timestamp, &other.metadata.name)
                > (job.metadata.creation_timestamp, &job.metadata.name)
    })
}

impl FailedJob<'_> {
    /// The sighting about it, with the condition and what the newest failed pod says. Its caller
    /// reads Pod.
    pub(super) fn sighting(
        &self,
        cluster: &Cluster<'_>,
        title: String,
        explanation: String,
    ) -> Sighting {
        let own = self.job.reference();
        let text = format!("{}: {}", self.condition.reason, self.condition.message);
        let path = format!("status.conditions[{}]", self.condition.type_);
        let namespace = self.job.metadata.namespace.as_str();
        Sighting::of(self.subject.clone(), title, explanation)
            .seen_on(own.clone(), "template of")
            .severity(self.severity)
            .evidence(Evidence::message(own, &path, &text).at(self.condition.last_transition_time))
            .all_evidence(last_words(cluster, self.job))
            .since(self.condition.last_transition_time)
            .suggest(Suggestion::look(
                "Read what its pods wrote",
                format!(
                    "kubectl -n {namespace} logs job/{} --all-containers --tail=50",
                    self.job.metadata.name
                ),
            ))
    }
}

/// How the newest failed pod of a Job ended: exit code, message, last lines of its log.
pub(super) fn last_words(cluster: &Cluster<'_>, job: &Job) -> Vec<Evidence> {
    let Some(pod) = newest_pod(cluster, job) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if let Some(message) = pod.status.message.non_empty() {
        all.push(Evidence::message(
            pod.reference(),
            "status.message",
            message,
        ));
    }
    for container in pod.containers() {
        let Some(end) = container.last_end().filter(|end| end.exit_code != 0) else {
            continue;
        };
        let value = format!("{} ({})", end.exit_code, end.reason);
        all.push(
            Evidence::field(pod.reference(), &container.last_end_path("exitCode"), value)
                .at(end.finished_at),
        );
        if let Some(message) = end.message.non_empty() {
            let path = container.last_end_path("message");
            all.push(Evidence::message(pod.reference(), &path, message));
        }
        let log = [false, true]
            .iter()
            .find_map(|previous| cluster.log(pod, container.name(), *previous));
        let lines = log.map_or(&[] as &[String], |log| &log.lines);
        let from = lines.len().saturating_sub(LAST_LINES);
        for line in lines.iter().skip(from) {
            all.push(Evidence::log(
                pod.reference(),
                container.name(),
                line,
                end.finished_at,
            ));
        }
    }
    all
}

/// `container close-books exited with 3`, of the newest failed pod.
pub(super) fn last_exit(cluster: &Cluster<'_>, job: &Job) -> Option<String> {
    let pod = newest_pod(cluster, job)?;
    let exit = pod.containers().find_map(|container| {
        let end = container.last_end().filter(|end| end.exit_code != 0)?;
        Some(format!(
            "{} exited with code {}",
            container.title(),
            end.exit_code
        ))
    });
    exit.or_else(|| stopped_from_outside(pod))
}

/// The newest pod of a Job that has not succeeded.
fn newest_pod<'a>(cluster: &Cluster<'a>, job: &Job) -> Option<&'a Pod> {
    cluster
        .controlled_pods(&job.metadata)
        .filter(|pod| !pod.has_succeeded())
        .max_by_key(|pod| (pod.metadata.creation_timestamp, &pod.metadata.name))
}

/// What is said of a pod that failed without that a container ended: a kubelet, a scheduler or a queue did not let it run.
fn stopped_from_outside(pod: &Pod) -> Option<String> {
    let status = &pod.status;
    let message = status
        .message
        .non_empty()
        .filter(|_| pod.status.phase == "Failed")?;
    let reason = status
        .reason
        .non_empty()
        .map(|reason| format!("{reason}: "));
    let text = format!("{}{message}", reason.unwrap_or_default());
    Some(gist(&safe_text(&text), MOST_OF_A_MESSAGE))
}
