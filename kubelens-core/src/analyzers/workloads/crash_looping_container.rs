use crate::engine::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{ContainerRole, ContainerView, Object, Pod};
use crate::model::{Evidence, Suggestion, capitalized};
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
        reads: [Event],
        maps_to: ["k8sgpt:Pod", "POP-203", "POP-205", "classic:crashloop"],
        check: Pod(check),
    }
}

/// Restarts from which a container that ended moments ago counts as looping.
const CRASH_RESTARTS: i64 = 3;

/// Seconds within which the last end and the current run must lie.
const LOOP_WINDOW: i64 = 600;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.metadata.is_terminating() || pod.has_succeeded() {
        return;
    }
    for container in pod.containers() {
        if is_looping(cluster, &container) || has_failed_init(pod, &container) {
            sink.report(sighting(pod, cluster, &container));
        }
    }
}

fn is_looping(cluster: &Cluster<'_>, container: &ContainerView<'_>) -> bool {
    if container.waiting_reason() == "CrashLoopBackOff" {
        return true;
    }
    let Some(status) = container.status else {
        return false;
    };
    let ended_lately = container
        .last_end()
        .is_some_and(|end| end.exit_code != 0 && cluster.is_within(end.finished_at, LOOP_WINDOW));
    let runs_briefly = status
        .state
        .running
        .as_ref()
        .is_none_or(|run| cluster.is_within(run.started_at, LOOP_WINDOW) && !status.ready);
    status.restart_count >= CRASH_RESTARTS && ended_lately && runs_briefly
}

/// An init container that ended badly and is not tried again, or is about to be.
fn has_failed_init(pod: &Pod, container: &ContainerView<'_>) -> bool {
    let ended = container
        .status
        .and_then(|status| status.state.terminated.as_deref());
    container.role == ContainerRole::Init
        && ended.is_some_and(|end| end.exit_code != 0)
        && (pod.is_live() || pod.spec.restart_policy == "Never")
}

fn sighting<'a>(pod: &'a Pod, cluster: &Cluster<'a>, container: &ContainerView<'_>) -> Sighting {
    let top = cluster.top_of(pod);
    let exit = container.last_end();
    let how = exit.map_or_else(String::new, |end| {
        format!(" with exit code {}", end.exit_code)
    });
    let title = format!(
        "{} of {top} crashes again and again{how}",
        capitalized(&container.title())
    );
    let explanation = format!(
        "It was restarted {} times; the cause is not seen in its probes, its exit or its log.",
        container.restarts()
    );
    let mut sighting = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name());
    if let Some(waiting) = container.waiting() {
        let path = container.status_path("state.waiting.message");
        sighting = sighting.evidence(Evidence::message(
            pod.reference(),
            &path,
            &format!("{}: {}", waiting.reason, waiting.message),
        ));
    }
    if let Some(end) = exit {
        let value = format!("{} ({})", end.exit_code, end.reason);
        sighting = sighting.evidence(
            Evidence::field(pod.reference(), &container.last_end_path("exitCode"), value)
                .at(end.finished_at),
        );
    }
    let meta = &pod.metadata;
    let back_off = cluster.events_of(pod).rev().find(|event| {
        event.reason == "BackOff" && event.message.contains("restarting failed container")
    });
    sighting
        .all_evidence(back_off.map(event_evidence))
        .suggest(Suggestion::look(
            "Read how the last run ended",
            format!(
                "kubectl -n {} logs {} -c {} --previous --tail=60",
                meta.namespace,
                meta.name,
                container.name()
            ),
        ))
}
