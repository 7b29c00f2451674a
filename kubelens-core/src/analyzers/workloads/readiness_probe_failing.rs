use super::advice::edit;
use super::environment_hosts::broken_dependency;
use super::last_words;
use super::probe_answer::{self, ProbeAnswer};
use super::probe_failure::{ProbeFailure, ProbeKind, failing_probes};
use super::probe_sighting::{in_words, sighting};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::node_clock::skewed_node;
use crate::kubernetes::Object;
use crate::kubernetes::Pod;
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container runs and its readiness probe fails, so its pod gets no traffic. Where the probe
    /// itself is at fault, or the log says what the program waits for, that explains this one.
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
    /// message: 'Readiness probe failed: HTTP probe failed with statuscode: 503'
    /// count: 120
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// A blip that is over:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, readinessProbe: {httpGet: {path: /ready, port: 8080}}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:30:00Z"}]
    ///   containerStatuses:
    ///   - {name: web, ready: true, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: Unhealthy
    /// message: 'Readiness probe failed: HTTP probe failed with statuscode: 503'
    /// lastTimestamp: "2026-01-01T11:29:00Z"
    /// ```
    ///
    /// # How to fix
    /// Find what the program waits for: its log, its dependencies. Correct the probe where it asks the
    /// wrong thing.
    ///
    /// # What it cannot know
    /// What makes the program say that it is not ready.
    ///
    /// # Source
    /// Kubelet event Unhealthy (`Readiness probe failed: …`), `containerStatuses[].ready`.
    WRK020 "readiness-probe-failing" {
        role: Both,
        severity: Warning,
        confidence: 0.90,
        reads: [Event, Node, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for failure in failing_probes(cluster, pod) {
        if failure.kind == ProbeKind::Readiness {
            sink.report(of(pod, cluster, &failure));
        }
    }
}

fn of<'a>(pod: &'a Pod, cluster: &Cluster<'a>, failure: &ProbeFailure<'a>) -> Sighting {
    let answer = probe_answer::classify(failure.answer, failure.probe);
    let explanation = match answer {
        ProbeAnswer::Unwell(status) => {
            format!("The program answers, and says by HTTP {status} that it is not ready.")
        }
        ProbeAnswer::Refused => "The program runs and does not listen there.".to_owned(),
        _ => "The program runs and does not pass the probe.".to_owned(),
    };
    let log = cluster.log(pod, failure.container.name(), false);
    let loopback = failure
        .probe
        .port_number(failure.container.spec)
        .filter(|_| matches!(answer, ProbeAnswer::Refused))
        .zip(log)
        .and_then(|(port, log)| probe_answer::listens_on_loopback(&log.lines, port));
    let explanation = match loopback {
        Some(address) => format!(
            "The program listens on {address} alone, and the kubelet asks at the address of the pod, as Services do."
        ),
        None => explanation,
    };
    let line = log.and_then(last_words::most_telling);
    let explanation = match line {
        Some(line) => format!("{explanation} Its log says {}.", last_words::quoted(line)),
        None => explanation,
    };
    let mut sighting = sighting(
        cluster,
        pod,
        failure,
        &in_words(failure, answer),
        &explanation,
    );
    if let (Some(address), Some(first)) = (loopback, sighting.suggestions.first_mut()) {
        *first = edit(
            &cluster.top_of(pod),
            format!("Let the program listen on all addresses (0.0.0.0 or ::) instead of {address}"),
        );
    }
    // Who answers for itself that it is not well may say so for somebody else.
    if matches!(answer, ProbeAnswer::Unwell(_) | ProbeAnswer::Failed) {
        for (object, relation) in broken_dependency(cluster, pod, failure.container.spec) {
            sighting = sighting.blames(object, relation);
        }
    }
    if let Some(node) = line.and_then(|line| skewed_node(pod, line, cluster)) {
        sighting = sighting.blames(node, "runs on");
    }
    sighting.all_evidence(
        line.map(|line| Evidence::log(pod.reference(), failure.container.name(), line, None)),
    )
}
