use super::busy_workers::busy_workers;
use super::last_words::quoted;
use super::probe_answer::{self, ProbeAnswer};
use super::probe_failure::{ProbeFailure, failing_probes};
use super::probe_sighting::{in_words, sighting};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::storage::system_below::{blaming_a_stopped_system, blaming_an_absent_share};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A probe gets no answer in the time that it waits (`timeoutSeconds`, 1 second by default): the
    /// program hangs, is too slow, or is short of CPU.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, readinessProbe: {httpGet: {path: /ready, port: 8080}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: web, ready: false, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: Unhealthy
    /// message: 'Readiness probe failed: Get "http://10.86.1.10:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    /// count: 120
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, readinessProbe: {httpGet: {path: /ready, port: 8080}}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:59:30Z"}]
    ///   containerStatuses:
    ///   - {name: web, ready: true, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: Unhealthy
    /// message: 'Readiness probe failed: context deadline exceeded'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Raise `timeoutSeconds`, make the answer cheaper, or give the container more CPU.
    ///
    /// # What it cannot know
    /// Why the program is slow.
    ///
    /// # Source
    /// Kubelet event Unhealthy with `context deadline exceeded`, `Client.Timeout exceeded`, `command
    /// timed out`.
    WRK025 "probe-times-out" {
        role: Both,
        severity: Warning,
        confidence: 0.75,
        reads: [
            Event, PersistentVolumeClaim, PersistentVolume, Pod, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet,
            DaemonSet, Job, CronJob, ReplicationController,
        ],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let mut told: Vec<(&str, String)> = Vec::new();
    for failure in failing_probes(cluster, pod) {
        let fact = (failure.container.name(), failure.probe.action());
        let is_late =
            probe_answer::classify(failure.answer, failure.probe) == ProbeAnswer::TimedOut;
        if is_late && !told.contains(&fact) {
            told.push(fact);
            sink.report(of(pod, cluster, &failure));
        }
    }
}

fn of<'a>(pod: &'a Pod, cluster: &Cluster<'a>, failure: &ProbeFailure<'a>) -> Sighting {
    let timeout = failure.probe.timeout();
    let short = if timeout <= 1 {
        " (the default, which is short)"
    } else {
        ""
    };
    let cpu = failure
        .container
        .spec
        .resources
        .limits
        .get("cpu")
        .map_or_else(String::new, |limit| {
            format!(" Its CPU limit is {}.", limit.human_count())
        });
    let busy = busy_workers(cluster, pod);
    let waits = busy.map_or_else(String::new, |busy| {
        format!(
            " Container `{}` says {}: requests wait until one of its workers is free.",
            busy.container,
            quoted(busy.line)
        )
    });
    let explanation = format!(
        "The program hangs or is too slow: timeoutSeconds is {timeout}{short}.{cpu}{waits}"
    );
    let sighting = sighting(
        cluster,
        pod,
        failure,
        &in_words(failure, ProbeAnswer::TimedOut),
        &explanation,
    );
    let sighting = match busy {
        Some(busy) => sighting
            .evidence(Evidence::log(
                pod.reference(),
                busy.container,
                busy.line,
                None,
            ))
            .suggest_first(Suggestion::advice(format!(
                "Allow container `{}` more workers, as far as its memory goes, or find what keeps them busy",
                busy.container
            ))),
        None => sighting,
    };
    let sighting = blaming_an_absent_share(sighting, cluster, pod);
    blaming_a_stopped_system(sighting, cluster, pod).identified_by("probe", failure.probe.action())
}
