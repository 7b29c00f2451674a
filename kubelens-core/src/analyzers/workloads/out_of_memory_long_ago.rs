use super::container_out_of_memory::is_history;
use super::exit_code;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod};
use crate::model::{Suggestion, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The last time that a container ended it was for want of memory. That was long ago, and it is ready since.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-10T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     restartCount: 1
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    ///     lastState: {terminated: {exitCode: 137, reason: OOMKilled, finishedAt: "2026-01-01T08:59:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// What is lately is for WRK003, and other ends are not meant:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web}, {name: log}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     restartCount: 1
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    ///     lastState: {terminated: {exitCode: 137, reason: OOMKilled, finishedAt: "2026-01-01T08:59:00Z"}}
    ///   - name: log
    ///     ready: true
    ///     restartCount: 1
    ///     state: {running: {startedAt: "2025-01-01T09:00:00Z"}}
    ///     lastState: {terminated: {exitCode: 137, reason: Error, finishedAt: "2025-01-01T08:59:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Compare what it uses with its memory limit.
    ///
    /// # What it cannot know
    /// Whether it will happen again.
    ///
    /// # Source
    /// `lastState.terminated.reason` of core/v1 ContainerStatus.
    WRK046 "out-of-memory-long-ago" {
        role: Symptom,
        severity: Warning,
        confidence: 0.60,
        reads: [],
        maps_to: ["classic:crashloop"],
        profiles: [Classic],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() {
        return;
    }
    for container in pod.containers() {
        let Some(end) = container.last_end() else {
            continue;
        };
        let is_for_memory = end.reason.to_ascii_lowercase().contains("oom");
        // Reasons other than the kubelet's own have no rule in the default profile.
        let is_told = end.reason == "OOMKilled" && !is_history(cluster, pod, &container, end);
        if !is_for_memory || is_told {
            continue;
        }
        let top = cluster.top_of(pod);
        let title = format!(
            "{} of {top} once ended for want of memory",
            capitalized(&container.title())
        );
        sink.report(
            Sighting::of(top, title, "It has run well since then.")
                .seen_on(pod.reference(), "template of")
                .in_container(container.name())
                .since(end.finished_at)
                .evidence(exit_code::as_evidence(pod, &container, end))
                .suggest(Suggestion::advice(
                    "Compare what it uses with its memory limit",
                ))
                .grouped("all", "containers once ended for want of memory"),
        );
    }
}
