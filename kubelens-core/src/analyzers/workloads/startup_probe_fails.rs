use super::advice::read_last_log;
use super::probe_failure::{ProbeFailure, ProbeKind, failing_probes};
use super::probe_sighting::{in_words, sighting};
use super::{exit_code, probe_answer};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerRole, Pod};
use crate::model::Severity;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container does not pass its startup probe in the time that it has, and the kubelet ends it
    /// and starts it again. A sidecar that does not pass holds back every container after it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, startupProbe: {httpGet: {path: /started, port: 8080}, periodSeconds: 5, failureThreshold: 6}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     started: false
    ///     restartCount: 4
    ///     state: {running: {startedAt: "2026-01-01T11:59:40Z"}}
    ///     lastState: {terminated: {exitCode: 137, reason: Error, finishedAt: "2026-01-01T11:59:39Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: Unhealthy
    /// message: 'Startup probe failed: HTTP probe failed with statuscode: 503'
    /// count: 24
    /// lastTimestamp: "2026-01-01T11:59:55Z"
    /// ```
    ///
    /// # Stays silent on
    /// Inside the time that it has:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, startupProbe: {httpGet: {path: /started, port: 8080}, periodSeconds: 10, failureThreshold: 30}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: web, started: false, restartCount: 0, state: {running: {startedAt: "2026-01-01T11:59:00Z"}}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: Unhealthy
    /// message: 'Startup probe failed: HTTP probe failed with statuscode: 503'
    /// lastTimestamp: "2026-01-01T11:59:55Z"
    /// ```
    ///
    /// # How to fix
    /// Give it more time (`failureThreshold` × `periodSeconds`), correct what the probe asks, or make
    /// the start faster.
    ///
    /// # What it cannot know
    /// How long the start would take if it were let.
    ///
    /// # Source
    /// Kubelet events Unhealthy (`Startup probe failed: …`) and Killing; `containerStatuses[].started`.
    WRK022 "startup-probe-fails" {
        role: Both,
        severity: Critical,
        confidence: 0.92,
        reads: [Event],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for failure in failing_probes(cluster, pod) {
        if failure.kind == ProbeKind::Startup {
            sink.report(of(pod, cluster, &failure));
        }
    }
}

fn of<'a>(pod: &'a Pod, cluster: &Cluster<'a>, failure: &ProbeFailure<'a>) -> Sighting {
    let answer = probe_answer::classify(failure.answer, failure.probe);
    let container = &failure.container;
    let waiting = if container.role == ContainerRole::Sidecar {
        " Every container after this sidecar waits for it."
    } else {
        ""
    };
    let explanation = format!(
        "It has {} s to start (failureThreshold {} × period {} s) and does not pass in that time.{waiting}",
        failure.probe.window(),
        failure.probe.failures(),
        failure.probe.period()
    );
    let end = container
        .last_end()
        .map(|end| exit_code::as_evidence(pod, container, end));
    sighting(
        cluster,
        pod,
        failure,
        &in_words(failure, answer),
        &explanation,
    )
    .severity(Severity::Critical)
    .all_evidence(end)
    .suggest(read_last_log(pod, container))
}
