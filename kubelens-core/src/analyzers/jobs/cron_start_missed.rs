use jiff::{SignedDuration, Timestamp};

use super::outcome::is_finished;
use super::timetable::Timetable;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::control_plane_pod::controller_lease;
use crate::kubernetes::{CronJob, Event, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A CronJob was due and no Job was made: the controller was not there in time, the deadline for
    /// starting is too short for it, or so many times were missed that it gave up. A warning for one
    /// missed time, critical from the third on.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "0 * * * *"}
    /// status: {lastScheduleTime: "2026-01-01T06:00:00Z"}
    /// ```
    /// A deadline shorter than the controller's own pace:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "0 * * * *", startingDeadlineSeconds: 5}
    /// status: {lastScheduleTime: "2026-01-01T12:00:00Z"}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "* * * * *"}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: mail}
    /// involvedObject: {kind: CronJob, namespace: mail, name: digest, uid: c1}
    /// reason: TooManyMissedTimes
    /// message: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// On time:
    /// ```yaml
    /// # now: 2026-01-01T12:00:30Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "0 * * * *"}
    /// status: {lastScheduleTime: "2026-01-01T11:00:00Z"}
    /// ```
    /// Suspended:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "0 * * * *", suspend: true}
    /// status: {lastScheduleTime: "2025-12-24T06:00:00Z"}
    /// ```
    /// Taken up again after a long pause; the last start was made good:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-06-01T00:00:00Z"}
    /// spec: {schedule: "0 0 * * *"}
    /// status: {lastScheduleTime: "2026-01-01T00:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: mail}
    /// involvedObject: {kind: CronJob, namespace: mail, name: digest, uid: c1}
    /// reason: TooManyMissedTimes
    /// message: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew
    /// lastTimestamp: "2026-01-01T11:55:00Z"
    /// ```
    /// Nine hours behind UTC, as its last run shows:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {schedule: "30 2 * * *"}
    /// status: {lastScheduleTime: "2025-12-31T17:30:00Z"}
    /// ```
    ///
    /// # How to fix
    /// See whether kube-controller-manager runs; give `startingDeadlineSeconds` at least a minute.
    ///
    /// # What it cannot know
    /// The zone of kube-controller-manager, beyond what the last run shows.
    ///
    /// # Source
    /// `spec.schedule`, `status.lastScheduleTime` of batch/v1 CronJob; events `MissSchedule`,
    /// `TooManyMissedTimes`.
    JOB013 "cron-start-missed" {
        role: Both,
        severity: Warning,
        confidence: 0.88,
        reads: [Event, Job],
        maps_to: ["k8sgpt:CronJob"],
        check: CronJob(check),
    }
}

/// Seconds between two looks of the controller.
const CONTROLLER_PERIOD: i64 = 10;

fn check<'a>(cron: &'a CronJob, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &cron.metadata;
    if cron.spec.suspend == Some(true) || meta.is_terminating() {
        return;
    }
    // Nothing was scheduled after the complaint.
    let complaint = cluster
        .current_event(cron, &["TooManyMissedTimes", "MissSchedule"])
        .filter(|event| cron.status.last_schedule_time < event.last_seen());
    let missed = missed(cron, cluster);
    // After more than 100 missed starts the controller complains, and makes the last of them good.
    let complaint =
        complaint.filter(|event| event.reason != "TooManyMissedTimes" || missed.is_some());
    if let Some(event) = complaint {
        sink.report(said_by_controller(cron, event));
    } else if let Some((due, times)) = missed {
        sink.report(not_started(cron, due, times));
    } else if let Some(deadline) = too_short_deadline(cron) {
        sink.report(short_deadline(cron, deadline));
    }
}

fn too_short_deadline(cron: &CronJob) -> Option<i64> {
    cron.spec
        .starting_deadline_seconds
        .filter(|deadline| *deadline < CONTROLLER_PERIOD)
}

/// The last time at which it should have started and did not, and how many such times there were.
fn missed(cron: &CronJob, cluster: &Cluster<'_>) -> Option<(Timestamp, usize)> {
    let reasons = [
        "FailedCreate",
        "JobAlreadyActive",
        "UnknownTimeZone",
        "UnparseableSchedule",
        "InvalidSchedule",
    ];
    let is_refused = cluster.current_event(cron, &reasons).is_some();
    if is_refused || waits_for_a_run(cron, cluster) {
        return None;
    }
    let table = Timetable::of(cron)?;
    let grace = cron
        .spec
        .starting_deadline_seconds
        .unwrap_or(0)
        .max(cluster.thresholds(&cron.metadata).cron_grace);
    let until = cluster
        .now()
        .checked_sub(SignedDuration::from_secs(grace.checked_add(table.slack)?))
        .ok()?;
    // A change of the spec may have moved the schedule or ended a pause.
    let changed = cron
        .metadata
        .last_write
        .max(cron.metadata.creation_timestamp)?;
    let since = cron
        .status
        .last_schedule_time
        .map_or(changed, |last| last.max(changed));
    let due = table.schedule.last_due(since, until, &table.zone)?;
    let times = table.schedule.times_due(since, until, &table.zone, 100);
    Some((due, times))
}

/// Whether it may not start while a run is under way.
fn waits_for_a_run(cron: &CronJob, cluster: &Cluster<'_>) -> bool {
    cron.spec.concurrency_policy == "Forbid"
        && (!cron.status.active.is_empty()
            || cluster.jobs_of(&cron.metadata).any(|job| !is_finished(job)))
}

fn not_started(cron: &CronJob, due: Timestamp, times: usize) -> Sighting {
    let own = cron.reference();
    let title = match times {
        1 => format!("{own} was due at {due} and was not started"),
        times => format!("{own} was due {times} times and was not started, last at {due}"),
    };
    let last = cron
        .status
        .last_schedule_time
        .map_or_else(|| "never".to_owned(), |last| last.to_string());
    base(
        cron,
        title,
        "No Job was made for it; the cause is not seen.",
    )
    .blames(controller_lease(), "controlled by")
    .severity(Severity::Warning)
    .evidence(Evidence::field(
        own.clone(),
        "status.lastScheduleTime",
        last,
    ))
    .since(Some(due))
    .suggest(Suggestion::look(
        "See whether the controller that starts Jobs works",
        "kubectl -n kube-system get lease kube-controller-manager -o yaml",
    ))
}

fn said_by_controller(cron: &CronJob, event: &Event) -> Sighting {
    let own = cron.reference();
    let (severity, title) = if event.reason == "TooManyMissedTimes" {
        let title = format!("{own} missed more than 100 starts and is not started");
        (Severity::Critical, title)
    } else {
        (Severity::Warning, format!("{own} missed a start"))
    };
    let deadline = too_short_deadline(cron);
    let explanation = deadline.map_or_else(
        || "Its controller says so.".to_owned(),
        |deadline| {
            format!(
                "Its startingDeadlineSeconds is {deadline}, and its controller looks every {CONTROLLER_PERIOD} s: what it sees later than that is left out."
            )
        },
    );
    base(cron, title, &explanation)
        .severity(severity)
        .identified_by("event", event.reason.as_str())
        .evidence(event_evidence(event))
        .all_evidence(deadline.map(|deadline| {
            Evidence::field(cron.reference(), "spec.startingDeadlineSeconds", deadline)
        }))
        .suggest(Suggestion::advice(
            "Set startingDeadlineSeconds to a few minutes: only that much is looked back",
        ))
}

fn short_deadline(cron: &CronJob, deadline: i64) -> Sighting {
    let own = cron.reference();
    let title = format!("{own} must start within {deadline} s, and may never start");
    let explanation = format!(
        "Its controller looks every {CONTROLLER_PERIOD} s: a start that is not seen within startingDeadlineSeconds is left out."
    );
    base(cron, title, &explanation)
        .identified_by("deadline", "short")
        .evidence(Evidence::field(
            own,
            "spec.startingDeadlineSeconds",
            deadline,
        ))
        .suggest(Suggestion::advice(
            "Give startingDeadlineSeconds at least a minute",
        ))
}

fn base(cron: &CronJob, title: String, explanation: &str) -> Sighting {
    let own = cron.reference();
    Sighting::of(own.clone(), title, explanation).evidence(Evidence::field(
        own,
        "spec.schedule",
        &cron.spec.schedule,
    ))
}
