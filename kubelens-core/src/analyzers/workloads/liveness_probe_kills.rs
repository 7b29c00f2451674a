use super::advice::{edit, read_last_log};
use super::exit_code;
use super::probe_answer;
use super::probe_failure::{ProbeFailure, ProbeKind, failing_probes};
use super::probe_sighting::{ended_at_first_chance, in_words, sighting};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Pod};
use crate::model::{Quantity, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The kubelet ends a container again and again because its liveness probe fails. The exit code is
    /// then that of the signal (137, 143), and says nothing about the program.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, livenessProbe: {httpGet: {path: /live, port: 8080}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {running: {startedAt: "2026-01-01T11:59:00Z"}}
    ///     lastState: {terminated: {exitCode: 137, reason: Error, finishedAt: "2026-01-01T11:58:59Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: Unhealthy
    /// message: 'Liveness probe failed: HTTP probe failed with statuscode: 500'
    /// count: 18
    /// lastTimestamp: "2026-01-01T11:58:29Z"
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e2, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Normal
    /// reason: Killing
    /// message: Container web failed liveness probe, will be restarted
    /// count: 6
    /// lastTimestamp: "2026-01-01T11:58:29Z"
    /// ```
    ///
    /// # Stays silent on
    /// One restart, and well since:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, livenessProbe: {httpGet: {path: /live, port: 8080}}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:31:00Z"}]
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     restartCount: 1
    ///     state: {running: {startedAt: "2026-01-01T11:30:00Z"}}
    ///     lastState: {terminated: {exitCode: 137, reason: Error, finishedAt: "2026-01-01T11:29:59Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: Unhealthy
    /// message: 'Liveness probe failed: HTTP probe failed with statuscode: 500'
    /// lastTimestamp: "2026-01-01T11:29:29Z"
    /// ```
    ///
    /// # How to fix
    /// Correct what the probe asks, give the program time to start (a startup probe), or cure what
    /// keeps it from answering.
    ///
    /// # What it cannot know
    /// Whether the program would have recovered by itself.
    ///
    /// # Source
    /// Kubelet events Unhealthy (`Liveness probe failed: …`) and Killing (`Container X failed liveness
    /// probe, will be restarted`).
    WRK021 "liveness-probe-kills" {
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
        if failure.kind == ProbeKind::Liveness {
            sink.report(of(pod, cluster, &failure));
        }
    }
}

fn of<'a>(pod: &'a Pod, cluster: &Cluster<'a>, failure: &ProbeFailure<'a>) -> Sighting {
    let answer = probe_answer::classify(failure.answer, failure.probe);
    let container = &failure.container;
    let severity = if container.is_ready() {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let explanation = container.last_end().map_or_else(
        || "The kubelet ended the container for it.".to_owned(),
        |end| {
            format!(
                "The kubelet ended the container for it; the last run ended with {}.",
                exit_code::in_words(end)
            )
        },
    );
    let first_chance = ended_at_first_chance(
        failure,
        pod.spec.termination_grace_period_seconds.unwrap_or(30),
    );
    let explanation = match first_chance {
        Some(seconds) => format!(
            "{explanation} That run lasted {seconds} s, no longer than this probe waits before it ends a program that does not answer yet: it may need more time to start.{}",
            scarce_cpu(container).map_or_else(String::new, |limit| format!(
                " It may use no more than {limit} of a CPU, which makes a start longer."
            ))
        ),
        None => explanation,
    };
    let end = container
        .last_end()
        .map(|end| exit_code::as_evidence(pod, container, end));
    let mut sighting = sighting(
        cluster,
        pod,
        failure,
        &in_words(failure, answer),
        &explanation,
    );
    if first_chance.is_some() {
        let more = scarce_cpu(container).map_or_else(String::new, |limit| {
            format!(", or give it more CPU (its limit is {limit})")
        });
        let advice = format!(
            "Give container {} a startupProbe that allows for its start, or raise initialDelaySeconds of livenessProbe (now {}){more}",
            container.name(),
            failure.probe.initial_delay_seconds
        );
        // What the probe asks is not wrong as long as the program has not come up.
        sighting.suggestions = std::iter::once(edit(&cluster.top_of(pod), advice))
            .chain(sighting.suggestions.into_iter().skip(1))
            .collect();
    }
    sighting
        .severity(severity)
        .confidence(if failure.killing.is_some() {
            0.92
        } else {
            0.85
        })
        .all_evidence(end)
        .suggest(read_last_log(pod, container))
}

/// A CPU below which the start of a program may take several times as long as with one of its own.
const SCARCE: Quantity = Quantity::from_thousandths(500);

/// The limit of CPU of a container, where it is scarce for a start.
fn scarce_cpu(container: &ContainerView<'_>) -> Option<String> {
    let limit = container.spec.resources.limits.get("cpu")?;
    (*limit < SCARCE).then(|| limit.human("cpu"))
}
