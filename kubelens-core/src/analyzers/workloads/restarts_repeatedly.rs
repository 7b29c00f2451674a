use super::advice::read_last_log;
use super::failing_run::is_looping;
use super::{exit_code, last_words};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Object, Pod, Terminated};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container runs now, and was restarted so often and so lately that it will be again.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     restartCount: 14
    ///     state: {running: {startedAt: "2026-01-01T11:45:00Z"}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, startedAt: "2026-01-01T11:20:00Z", finishedAt: "2026-01-01T11:44:58Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2025-10-01T00:00:00Z"}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     restartCount: 6
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, startedAt: "2025-12-01T09:00:00Z", finishedAt: "2026-01-01T08:59:58Z"}}
    /// ```
    ///
    /// # How to fix
    /// Read how the last run ended.
    ///
    /// # What it cannot know
    /// How the runs before the last one ended.
    ///
    /// # Source
    /// `restartCount` and `lastState` of core/v1 ContainerStatus.
    WRK036 "restarts-repeatedly" {
        role: Both,
        severity: Warning,
        confidence: 0.80,
        reads: [],
        maps_to: ["POP-205", "classic:crashloop"],
        check: Pod(check),
    }
}

/// Restarts a day that are often, over the life of the pod.
const A_DAY: i64 = 3;

/// Seconds of a day.
const DAY: i64 = 86_400;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() {
        return;
    }
    for container in pod.containers() {
        if container.restarts() < cluster.thresholds(&pod.metadata).restart_count
            || !container.is_running()
            || is_looping(cluster, pod, &container)
        {
            continue;
        }
        if let Some(end) = container
            .last_end()
            .filter(|end| is_often(cluster, pod, &container, end))
        {
            sink.report(sighting(pod, cluster, &container, end));
        }
    }
}

/// Two ends within the window (the last run both began and ended in it), or many a day up to today.
fn is_often(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &ContainerView<'_>,
    end: &Terminated,
) -> bool {
    let twice_lately = cluster.is_within(
        end.started_at,
        cluster.thresholds(&pod.metadata).restart_window,
    );
    let days = (cluster.age(&pod.metadata) / DAY).max(1);
    let every_day = container.restarts() / days >= A_DAY && cluster.is_within(end.finished_at, DAY);
    twice_lately || (every_day && end.exit_code != 0)
}

fn sighting<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    container: &ContainerView<'a>,
    end: &Terminated,
) -> Sighting {
    let top = cluster.top_of(pod);
    let count = container.restarts();
    let code = exit_code::in_words(end);
    let title = format!(
        "{} of {top} was restarted {count} times, lately too",
        capitalized(&container.title())
    );
    let last = last_words::telling_line(cluster, pod, container).map_or_else(String::new, |line| {
        format!(" Before that it wrote {}.", last_words::quoted(line))
    });
    Sighting::of(
        top,
        title,
        format!("It runs now; its last run ended with {code}.{last}"),
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container.name())
    .since(end.finished_at)
    .evidence(Evidence::field(
        pod.reference(),
        &container.status_path("restartCount"),
        count,
    ))
    .evidence(exit_code::as_evidence(pod, container, end))
    .all_evidence(last_words::as_evidence(cluster, pod, container))
    .suggest(read_last_log(pod, container))
}
