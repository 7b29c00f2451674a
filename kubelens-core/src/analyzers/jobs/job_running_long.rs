use super::cron_runs_overlap::run_in_the_way;
use super::outcome::{has_succeeded, is_finished, schedule_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Job, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::{Age, Cluster};

declare_analyzer! {
    /// # What it means
    /// A Job runs much longer than earlier runs of its schedule did; or, without such a norm, for
    /// more than a day, which is only noted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-03T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: import, namespace: data, uid: j1}
    /// status: {active: 1, startTime: "2026-01-01T12:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: import, namespace: data, uid: j1}
    /// status: {active: 1, startTime: "2026-01-01T10:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// See what it does; give it an `activeDeadlineSeconds` if it may hang.
    ///
    /// # What it cannot know
    /// How much work there is.
    ///
    /// # Source
    /// `status.startTime` and `status.completionTime` of batch/v1 Jobs.
    JOB008 "job-running-long" {
        role: Root,
        severity: Warning,
        confidence: 0.65,
        reads: [CronJob, Pod, Event],
        maps_to: [],
        check: Job(check),
    }
}

/// Earlier runs that make a norm, and how many times as long is long.
const NORM_RUNS: usize = 3;
const NORM_FACTOR: i64 = 5;

/// Seconds below which no run is long.
const SHORT: i64 = 600;

fn check<'a>(job: &'a Job, cluster: &Cluster<'a>, sink: &mut Sink) {
    let start = job.status.start_time;
    let is_running = job.status.active > 0
        && start.is_some()
        && !is_finished(job)
        && !job.metadata.is_terminating()
        && job.spec.suspend != Some(true);
    if !is_running {
        return;
    }
    let ran = cluster.seconds_since(start);
    let norm = norm(cluster, job);
    match norm {
        Some(norm) if ran > SHORT && ran > norm * NORM_FACTOR => {
            let text = format!("earlier runs of its schedule took {norm} s");
            sink.report(sighting(cluster, job, ran, &text));
        }
        None if ran > cluster.thresholds(&job.metadata).job_long => {
            let text = "nothing says how long it should take";
            sink.report(sighting(cluster, job, ran, text).severity(Severity::Info));
        }
        _ => {}
    }
}

/// The median of the earlier runs, in seconds.
fn norm(cluster: &Cluster<'_>, job: &Job) -> Option<i64> {
    let schedule = schedule_of(cluster, job)?;
    let mut runs: Vec<i64> = cluster
        .jobs_of(&schedule.metadata)
        .filter(|other| has_succeeded(other))
        .filter_map(|other| {
            let (start, end) = (other.status.start_time?, other.status.completion_time?);
            Some(end.duration_since(start).as_secs())
        })
        .collect();
    runs.sort_unstable();
    (runs.len() >= NORM_RUNS)
        .then(|| runs.get(runs.len() / 2).copied())
        .flatten()
}

fn sighting(cluster: &Cluster<'_>, job: &Job, ran: Age<'_, '_>, norm: &str) -> Sighting {
    let own = job.reference();
    let held_up = schedule_of(cluster, job).filter(|cron| {
        run_in_the_way(cron, cluster).is_some_and(|run| run.job.metadata.name == job.metadata.name)
    });
    let hours = ran / 3600;
    let title = if hours > 0 {
        format!("{own} has been running for {hours} h")
    } else {
        format!("{own} has been running for {} min", ran / 60)
    };
    let sighting = Sighting::of(
        cluster.top_owner(own.clone(), &job.metadata),
        title,
        format!("It is not done yet; {norm}."),
    )
    .seen_on(own.clone(), "template of")
    .evidence(Evidence::field(own, "status.active", job.status.active).at(job.status.start_time))
    .since(job.status.start_time)
    .suggest(Suggestion::look(
        "See what it does",
        format!(
            "kubectl -n {} logs job/{} --all-containers --tail=50",
            job.metadata.namespace, job.metadata.name
        ),
    ));
    match held_up {
        Some(cron) => sighting.blames(cron.reference(), "run of"),
        None => sighting,
    }
}
