use super::advice::read_last_log;
use super::failing_run::{failing_end, is_looping, severity};
use super::{exit_code, last_words};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::waiting::why_it_waits;
use crate::kubernetes::{ContainerRole, ContainerView, Object, Pod};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container starts, ends and is started again, with a growing pause between the tries. Why it
    /// ends is told by its exit code, its last log lines and its probes; this finding folds into
    /// whichever of those is seen.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s restarting failed container=web}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T08:59:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Read the log of the run that ended, and change what it names.
    ///
    /// # What it cannot know
    /// Why a program ends that logs nothing.
    ///
    /// # Source
    /// `state.waiting.reason` CrashLoopBackOff and `lastState.terminated` of core/v1 ContainerStatus.
    WRK001 "crash-looping-container" {
        role: Both,
        severity: Critical,
        confidence: 0.90,
        reads: [Event, Job, CronJob],
        maps_to: ["k8sgpt:Pod", "POP-202", "POP-203", "POP-205", "classic:crashloop"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() && pod.containers().all(|container| container.restarts() == 0) {
        return;
    }
    for container in pod.containers() {
        let is_init = container.role == ContainerRole::Init;
        let fails = failing_end(cluster, pod, &container).is_some();
        let has_failed = is_init && !container.is_running();
        if fails && (has_failed || is_looping(cluster, pod, &container)) {
            sink.report(sighting(pod, cluster, &container));
        }
    }
}

fn sighting<'a>(pod: &'a Pod, cluster: &Cluster<'a>, container: &ContainerView<'a>) -> Sighting {
    let top = cluster.top_of(pod);
    let exit = container.last_end();
    let how = exit.map_or_else(String::new, |end| {
        format!(" with {}", exit_code::in_words(end))
    });
    let title = format!(
        "{} of {top} crashes again and again{how}",
        capitalized(&container.title())
    );
    let last = last_words::telling_line(cluster, pod, container).map_or_else(
        || "It left no log that was read.".to_owned(),
        |line| format!("Before it ended it wrote {}.", last_words::quoted(line)),
    );
    let explanation = format!(
        "It was restarted {}; nothing nearer to the cause is seen. {last}",
        times(container.restarts())
    );
    let mut sighting = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .severity(severity(cluster, pod, container))
        .all_evidence(why_it_waits(pod, container));
    if let Some(end) = exit {
        let value = format!("{} ({})", end.exit_code, end.reason);
        sighting = sighting.evidence(
            Evidence::field(pod.reference(), &container.last_end_path("exitCode"), value)
                .at(end.finished_at),
        );
    }
    let back_off = cluster.events_of(pod).rev().find(|event| {
        event.reason == "BackOff" && event.message.contains("restarting failed container")
    });
    sighting
        .all_evidence(back_off.map(event_evidence))
        .all_evidence(last_words::as_evidence(cluster, pod, container))
        .suggest(read_last_log(pod, container))
}

/// `once`, `6 times`.
fn times(count: i64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
