use super::last_words;
use super::probe_answer::{self, ProbeAnswer, listening_port};
use super::probe_failure::{ProbeFailure, ProbeKind, failing_probes};
use super::probe_sighting::{ports, sighting};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, IntOrString, Object, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A probe asks a port on which the container does not listen, while another port is declared, or
    /// answers: the probe names the wrong port.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     ports: [{name: http, containerPort: 8080}]
    ///     readinessProbe: {httpGet: {path: /ready, port: 8081}}
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
    /// message: 'Readiness probe failed: Get "http://10.86.1.10:8081/ready": dial tcp 10.86.1.10:8081: connect: connection refused'
    /// count: 120
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// The declared port, not served yet: nothing says that the probe is wrong.
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     ports: [{name: http, containerPort: 8080}]
    ///     readinessProbe: {httpGet: {path: /ready, port: http}}
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
    /// message: 'Readiness probe failed: Get "http://10.86.1.10:8080/ready": dial tcp 10.86.1.10:8080: connect: connection refused'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Let the probe ask the port on which the program listens, best by the name of the port.
    ///
    /// # What it cannot know
    /// On which ports the program listens, unless its log says so.
    ///
    /// # Source
    /// Kubelet event Unhealthy with `connect: connection refused`; `ports` of core/v1 Container.
    WRK023 "probe-port-not-listening" {
        role: Root,
        severity: Critical,
        confidence: 0.88,
        reads: [Event],
        maps_to: [],
        check: Pod(check),
    }
}

/// Seconds in which a program may still be about to listen.
const JUST_STARTED: i64 = 30;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let failures = failing_probes(cluster, pod);
    let mut told: Vec<(&str, String)> = Vec::new();
    for failure in &failures {
        let Some(port) = failure.probe.port() else {
            continue;
        };
        let Some(instead) = instead(cluster, pod, failure, &failures) else {
            continue;
        };
        let fact = (failure.container.name(), port.to_string());
        if !told.contains(&fact) {
            told.push(fact);
            sink.report(of(pod, cluster, failure, &port, &instead));
        }
    }
}

/// What says that the probe asks the wrong port: which other port there is. None where nothing does.
fn instead<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    failure: &ProbeFailure<'a>,
    failures: &[ProbeFailure<'a>],
) -> Option<String> {
    let container = &failure.container;
    let asked = failure.probe.port_number(container.spec);
    match probe_answer::classify(failure.answer, failure.probe) {
        ProbeAnswer::UnknownPortName => {}
        ProbeAnswer::Refused if is_past_its_start(cluster, failure) => {}
        _ => return None,
    }
    let declared = ports(container.spec);
    let Some(asked) = asked else {
        return Some(declared.map_or_else(
            || "the container declares no port of that name".to_owned(),
            |ports| format!("the container declares {ports}"),
        ));
    };
    if let Some(port) = logged_port(cluster, pod, container).filter(|port| *port != asked) {
        return Some(format!("its log says that it listens on {port}"));
    }
    let is_declared = container
        .spec
        .ports
        .iter()
        .any(|port| port.container_port == asked);
    if let Some(ports) = declared.filter(|_| !is_declared) {
        return Some(format!("the container declares {ports}"));
    }
    answering_port(failure, failures, asked)
        .map(|port| format!("its other probe is answered on port {port}"))
}

fn is_past_its_start(cluster: &Cluster<'_>, failure: &ProbeFailure<'_>) -> bool {
    let run = failure
        .container
        .status
        .and_then(|status| status.state.running.as_ref());
    match run {
        Some(run) => {
            failure.kind != ProbeKind::Readiness
                || cluster.seconds_since(run.started_at) >= JUST_STARTED
        }
        None => failure.killing.is_some(),
    }
}

fn logged_port(cluster: &Cluster<'_>, pod: &Pod, container: &ContainerView<'_>) -> Option<i64> {
    [false, true]
        .into_iter()
        .filter_map(|previous| cluster.log(pod, container.name(), previous))
        .find_map(|log| listening_port(&log.lines))
}

/// A port of the container that another of its probes asks and gets an answer from.
fn answering_port(
    failure: &ProbeFailure<'_>,
    failures: &[ProbeFailure<'_>],
    asked: i64,
) -> Option<i64> {
    let container = &failure.container;
    if failure.kind != ProbeKind::Readiness || !container.is_running() {
        return None;
    }
    let fails = |kind: ProbeKind| {
        failures
            .iter()
            .any(|other| other.kind == kind && other.container.name() == container.name())
    };
    [ProbeKind::Liveness, ProbeKind::Startup]
        .into_iter()
        .filter(|kind| !fails(*kind))
        .filter_map(|kind| kind.of(container)?.port_number(container.spec))
        .find(|port| *port != asked)
}

fn of<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    failure: &ProbeFailure<'a>,
    port: &IntOrString,
    instead: &str,
) -> Sighting {
    let container = &failure.container;
    let what = match port {
        IntOrString::String(name) if failure.probe.port_number(container.spec).is_none() => {
            format!("asks port `{name}`, which does not exist in the container: {instead}")
        }
        _ => format!("asks port {port}, where nothing listens: {instead}"),
    };
    let explanation = format!(
        "{} is refused: the probe names the wrong port.",
        failure.probe.action()
    );
    let line = cluster
        .log(pod, container.name(), false)
        .filter(|_| instead.contains("log says"))
        .and_then(|log| {
            log.lines
                .iter()
                .rev()
                .find(|line| listening_port(std::slice::from_ref(line)).is_some())
        })
        .map(|line| Evidence::log(pod.reference(), container.name(), line, None));
    let line = line.or_else(|| {
        let log = cluster.log(pod, container.name(), false)?;
        last_words::most_telling(log)
            .map(|line| Evidence::log(pod.reference(), container.name(), line, None))
    });
    sighting(cluster, pod, failure, &what, &explanation)
        .identified_by("port", port.to_string())
        .all_evidence(line)
}
