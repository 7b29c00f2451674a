use super::advice::{describe_pod, read_last_log};
use super::probe_sighting::{settings, severity_of_unready};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerRole, ContainerView, Object, Pod};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container runs and is not ready, for longer than its probes need. What its probes, its log
    /// or its node show explains this one.
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
    ///   conditions: [{type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    ///   containerStatuses:
    ///   - {name: web, ready: false, started: true, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}
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
    ///   containerStatuses:
    ///   - {name: web, ready: false, started: true, state: {running: {startedAt: "2026-01-01T11:59:30Z"}}}
    /// ```
    ///
    /// # How to fix
    /// Look at what the readiness probe gets, and at the log.
    ///
    /// # What it cannot know
    /// Why the probe fails, where no event says it.
    ///
    /// # Source
    /// `containerStatuses[].ready` and `.started` of core/v1 Pod.
    WRK019 "container-not-ready" {
        role: Symptom,
        severity: Warning,
        confidence: 0.70,
        reads: [],
        maps_to: ["k8sgpt:Pod", "POP-204"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() || pod.is_ready() || pod.status.phase != "Running" {
        return;
    }
    for container in pod.containers() {
        if is_late(cluster, pod, &container) {
            sink.report(sighting(pod, cluster, &container));
        }
    }
}

fn is_late(cluster: &Cluster<'_>, pod: &Pod, container: &ContainerView<'_>) -> bool {
    let Some(status) = container.status else {
        return false;
    };
    let Some(run) = &status.state.running else {
        return false;
    };
    let starts_up = container.spec.startup_probe.is_some() && status.started != Some(true);
    if status.ready || starts_up || container.role == ContainerRole::Init {
        return false;
    }
    let window = container
        .spec
        .readiness_probe
        .as_deref()
        .map_or(0, crate::kubernetes::Probe::window);
    let unready_since = pod
        .condition("Ready")
        .and_then(|ready| ready.last_transition_time);
    let since = run.started_at.max(unready_since);
    cluster.seconds_since(since) > window.max(cluster.thresholds(&pod.metadata).not_ready_grace)
}

fn sighting<'a>(pod: &'a Pod, cluster: &Cluster<'a>, container: &ContainerView<'a>) -> Sighting {
    let top = cluster.top_of(pod);
    let title = format!(
        "{} of {top} runs and is not ready",
        capitalized(&container.title())
    );
    let probe = container.spec.readiness_probe.as_ref();
    let explanation = probe.map_or_else(
        || "It has no readiness probe.".to_owned(),
        |probe| {
            format!(
                "Its readiness probe is {}; no event says what it gets.",
                probe.action()
            )
        },
    );
    let path = format!("spec.containers[{}].readinessProbe", container.name());
    Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .severity(severity_of_unready(cluster, pod))
        .since(
            pod.condition("Ready")
                .and_then(|ready| ready.last_transition_time),
        )
        .evidence(Evidence::field(
            pod.reference(),
            &container.status_path("ready"),
            false,
        ))
        .all_evidence(probe.map(|probe| Evidence::field(pod.reference(), &path, settings(probe))))
        .suggest(describe_pod(pod))
        .suggest(read_last_log(pod, container))
}
