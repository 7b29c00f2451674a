use std::sync::Arc;

use super::outcome::is_finished;
use super::timetable::Timetable;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{CronJob, Event, Job, Object};
use crate::model::{Evidence, ObjectRef, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A run of a CronJob takes longer than the time to the next one: with `Forbid` the next runs are
    /// left out, with `Allow` they pile up, with `Replace` each ends the one before and none gets done.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1}
    /// spec: {schedule: "0 * * * *", concurrencyPolicy: Forbid}
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T09:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
    /// status: {active: 1, startTime: "2026-01-01T09:00:00Z"}
    /// ```
    ///
    /// Runs that end each other:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-11-01T09:00:00Z"}
    /// spec: {schedule: "*/10 * * * *", concurrencyPolicy: Replace}
    /// status: {lastScheduleTime: "2026-01-01T12:00:00Z", lastSuccessfulTime: "2025-12-30T09:00:00Z"}
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T12:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
    /// status: {active: 1, startTime: "2026-01-01T12:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1}
    /// spec: {schedule: "0 * * * *", concurrencyPolicy: Forbid}
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T11:30:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
    /// status: {active: 1, startTime: "2026-01-01T11:30:00Z"}
    /// ```
    ///
    /// Runs that replace each other now and then:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-11-01T09:00:00Z"}
    /// spec: {schedule: "*/10 * * * *", concurrencyPolicy: Replace}
    /// status: {lastScheduleTime: "2026-01-01T12:00:00Z", lastSuccessfulTime: "2026-01-01T11:45:00Z"}
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T12:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
    /// status: {active: 1, startTime: "2026-01-01T12:00:00Z"}
    /// ```
    ///
    /// A run that never got a pod is not a long one:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: digest, namespace: mail, uid: c1}
    /// spec: {schedule: "0 * * * *", concurrencyPolicy: Forbid}
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T09:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
    /// status: {active: 0, startTime: "2026-01-01T09:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Run it less often, make it faster, or stop it with `activeDeadlineSeconds`.
    ///
    /// # What it cannot know
    /// Whether the run hangs or works.
    ///
    /// # Source
    /// `spec.concurrencyPolicy` of batch/v1 CronJob, its active Jobs, events `JobAlreadyActive`.
    JOB017 "cron-runs-overlap" {
        role: Both,
        severity: Warning,
        confidence: 0.88,
        reads: [Job, Pod, Event],
        maps_to: [],
        check: CronJob(check),
    }
}

/// Runs at a time from which on they pile up.
const MANY: usize = 3;

/// Times that the controller must have left a run out.
const LEFT_OUT: u32 = 2;

/// The schedules of a namespace of which many runs go on at a time, as they allow.
pub(in crate::analyzers) struct PilingUp(pub(in crate::analyzers) Vec<ObjectRef>);

impl PilingUp {
    /// Worked out once a namespace. Reads CronJob, Job and Pod.
    pub(in crate::analyzers) fn of(cluster: &Cluster<'_>, namespace: &str) -> Arc<Self> {
        cluster.once_about(namespace, |cluster| {
            let all = cluster.in_namespace::<CronJob>(namespace);
            let piling_up = all.filter(|cron| {
                matches!(cron.spec.concurrency_policy.as_str(), "Allow" | "")
                    && active_runs(cron, cluster).len() >= MANY
            });
            Self(piling_up.map(Object::reference).collect())
        })
    }
}

fn check<'a>(cron: &'a CronJob, cluster: &Cluster<'a>, sink: &mut Sink) {
    if let Some(run) = run_in_the_way(cron, cluster) {
        sink.report(left_out(cron, run.job, run.event));
        return;
    }
    let active = active_runs(cron, cluster);
    let Some(oldest) = active.first().copied() else {
        return;
    };
    match cron.spec.concurrency_policy.as_str() {
        "Allow" | "" if active.len() >= MANY => sink.report(piled_up(cron, &active)),
        "Replace" => {
            let period = Timetable::of(cron).and_then(|table| table.period(cluster.now()));
            if let Some(period) = period.filter(|period| never_ends(cron, cluster, *period)) {
                sink.report(replaced(cron, oldest, period));
            }
        }
        _ => {}
    }
}

/// The runs of a schedule that go on, the oldest first.
fn active_runs<'a>(cron: &'a CronJob, cluster: &Cluster<'a>) -> Vec<&'a Job> {
    if cron.metadata.is_terminating() || cron.spec.suspend == Some(true) {
        return Vec::new();
    }
    let mut active: Vec<&Job> = cluster
        .jobs_of(&cron.metadata)
        .filter(|job| !is_finished(job) && job.spec.suspend != Some(true))
        // A run that never got a pod does not take long: something keeps it from starting.
        .filter(|job| {
            job.status.active > 0 || cluster.controlled_pods(&job.metadata).next().is_some()
        })
        .collect();
    active.sort_by_key(|job| (job.metadata.creation_timestamp, &job.metadata.name));
    active
}

/// A run that goes on while the next one is due, where one at a time is allowed; and the event that says so.
#[derive(Debug)]
pub(super) struct RunInTheWay<'a> {
    pub(super) job: &'a Job,
    event: Option<&'a Event>,
}

/// The run that keeps later ones of its schedule from starting. Reads Event, Job and Pod.
pub(super) fn run_in_the_way<'a>(
    cron: &'a CronJob,
    cluster: &Cluster<'a>,
) -> Option<RunInTheWay<'a>> {
    if cron.spec.concurrency_policy != "Forbid" {
        return None;
    }
    let job = active_runs(cron, cluster).first().copied()?;
    let event = cluster
        .current_event(cron, &["JobAlreadyActive"])
        .filter(|event| event.times() >= LEFT_OUT);
    let is_over = Timetable::of(cron)
        .and_then(|table| table.period(cluster.now()))
        .is_some_and(|period| cluster.age(&job.metadata) > period);
    (is_over || event.is_some()).then_some(RunInTheWay { job, event })
}

/// Periods without a success after which runs that replace each other are not chance.
const FRUITLESS: i64 = 3;

/// Whether the schedule starts runs, and none has ended well for several periods.
fn never_ends(cron: &CronJob, cluster: &Cluster<'_>, period: i64) -> bool {
    let status = &cron.status;
    let since = status
        .last_successful_time
        .max(cron.metadata.creation_timestamp);
    let fails = cluster
        .jobs_of(&cron.metadata)
        .any(|job| is_finished(job) && job.status.succeeded == 0);
    let is_started = cluster.is_within(status.last_schedule_time, period.saturating_mul(2));
    is_started && !fails && cluster.seconds_since(since) > period.saturating_mul(FRUITLESS)
}

fn replaced(cron: &CronJob, oldest: &Job, period: i64) -> Sighting {
    let own = cron.reference();
    let title =
        format!("Runs of {own} replace each other: none has ended for {FRUITLESS} periods or more");
    let last = cron
        .status
        .last_successful_time
        .map_or_else(|| "never".to_owned(), |last| last.to_string());
    let mut sighting = base(cron, oldest, title)
        .identified_by("policy", "Replace")
        .evidence(Evidence::field(own, "status.lastSuccessfulTime", last));
    sighting.suggestions.truncate(1);
    sighting.explanation = format!(
        "A run takes longer than the {period} s to the next one, and with concurrencyPolicy Replace the next one ends it."
    );
    sighting.suggest(Suggestion::advice(
        "Make a run faster or run it less often; with concurrencyPolicy Forbid a run may end, and later ones wait",
    ))
}

fn left_out(cron: &CronJob, oldest: &Job, event: Option<&Event>) -> Sighting {
    let own = cron.reference();
    let title = format!(
        "{own} leaves runs out: {} has not ended before the next was due",
        oldest.reference()
    );
    base(cron, oldest, title)
        .all_evidence(event.map(event_evidence))
        .identified_by("policy", "Forbid")
}

fn piled_up(cron: &CronJob, active: &[&Job]) -> Sighting {
    let own = cron.reference();
    let names = some_of(active.iter().map(|job| job.metadata.name.as_str()), 3);
    let title = format!(
        "Runs of {own} pile up: {} at a time ({names})",
        active.len()
    );
    let oldest = active.first().copied();
    let sighting = match oldest {
        Some(oldest) => base(cron, oldest, title),
        None => Sighting::of(own.clone(), title, ""),
    };
    sighting
        .identified_by("policy", "Allow")
        .evidence(Evidence::field(own, "status.active", active.len()))
}

fn base(cron: &CronJob, oldest: &Job, title: String) -> Sighting {
    let own = cron.reference();
    let policy = cron.spec.concurrency_policy.non_empty().unwrap_or("Allow");
    let started = oldest.metadata.creation_timestamp;
    let explanation = "A run takes longer than the time to the next one.";
    Sighting::of(own.clone(), title, explanation)
        .evidence(Evidence::field(
            own.clone(),
            "spec.schedule",
            &cron.spec.schedule,
        ))
        .evidence(Evidence::field(
            own.clone(),
            "spec.concurrencyPolicy",
            policy,
        ))
        .evidence(
            Evidence::field(oldest.reference(), "status.active", oldest.status.active).at(started),
        )
        .since(started)
        .suggest(Suggestion::look(
            "See what the oldest run does",
            format!(
                "kubectl -n {} logs job/{} --all-containers --tail=50",
                oldest.metadata.namespace, oldest.metadata.name
            ),
        ))
        .suggest(Suggestion::advice(format!(
            "If it hangs, delete {}: then the next run starts",
            oldest.reference()
        )))
        .suggest(Suggestion::advice(format!(
            "Give the Jobs of {own} an activeDeadlineSeconds shorter than its period"
        )))
}
