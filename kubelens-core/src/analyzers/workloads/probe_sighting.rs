//! How findings about probes look: who, since when, which proof.

use super::advice::{describe_pod, edit};
use super::failing_run::LOOP_WINDOW;
use super::last_words;
use super::probe_answer::{self, ProbeAnswer};
use super::probe_failure::{ProbeFailure, ProbeKind};
use crate::analysis::{Sighting, event_evidence};
use crate::analyzers::plain_to_tls::PLAIN_TO_TLS;
use crate::kubernetes::{Container, Object, Pod, Probe};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;

/// How bad it is that a container is not ready: worse where no other pod of the workload serves.
pub(super) fn severity_of_unready<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Severity {
    if pod.is_ready() || cluster.has_ready_sibling(pod) {
        Severity::Warning
    } else {
        Severity::Critical
    }
}

/// How bad a failing probe is. A container without readiness probe counts as ready as soon as it runs, also
/// between two kills: that is no sign that it serves.
pub(super) fn severity_of<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    failure: &ProbeFailure<'a>,
) -> Severity {
    let container = &failure.container;
    let ended_lately = container
        .last_end()
        .is_some_and(|end| cluster.is_within(end.finished_at, LOOP_WINDOW));
    let is_killed_again_and_again = failure.kind == ProbeKind::Liveness
        && container.spec.readiness_probe.is_none()
        && failure.killing.is_some()
        && ended_lately
        && container.restarts() >= cluster.thresholds(&pod.metadata).restart_count;
    let is_calm = |sibling: &&'a Pod| {
        sibling.is_live()
            && sibling.is_ready()
            && sibling.containers().all(|other| other.restarts() == 0)
    };
    if is_killed_again_and_again && !cluster.siblings_of(pod).iter().any(is_calm) {
        Severity::Critical
    } else {
        severity_of_unready(cluster, pod)
    }
}

/// A sighting about a failing probe, with its event, its fields and the way to correct it.
/// `what` follows the probe and its container in the title.
pub(super) fn sighting<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    failure: &ProbeFailure<'a>,
    what: &str,
    explanation: &str,
) -> Sighting {
    let top = cluster.top_of(pod);
    let container = &failure.container;
    let title = format!(
        "{} of {} of {top} {what}",
        failure.kind.title(),
        container.title()
    );
    let consequence = match failure.kind {
        ProbeKind::Readiness => "While it fails, the pod gets no traffic",
        ProbeKind::Liveness => {
            "Each time it fails too often, the kubelet ends the container and starts it again"
        }
        ProbeKind::Startup => {
            "Until it passes, the container counts as not started; then the kubelet ends it"
        }
    };
    let restarts = match container.restarts() {
        0 => String::new(),
        count => format!(" (restarts so far: {count})"),
    };
    let path = format!(
        "spec.containers[{}].{}",
        container.name(),
        failure.kind.field()
    );
    Sighting::of(
        top.clone(),
        title,
        format!("{explanation} {consequence}{restarts}."),
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container.name())
    .severity(severity_of(cluster, pod, failure))
    .since(failure.event.first_seen())
    .evidence(event_evidence(failure.event))
    .evidence(Evidence::field(
        pod.reference(),
        &path,
        settings(failure.probe),
    ))
    .all_evidence(failure.killing.map(event_evidence))
    .all_evidence(ports(container.spec).map(|ports| {
        let path = format!("spec.containers[{}].ports", container.name());
        Evidence::field(pod.reference(), &path, ports)
    }))
    .suggest(edit(
        &top,
        advice(failure, speaks_tls(cluster, pod, failure)),
    ))
    .suggest(describe_pod(pod))
}

/// Seconds between the last refusal and the end of a run: until the kubelet acts, and the signal works.
const SLACK: i64 = 15;

/// Seconds after its start at which a probe ended the last run, where that was the first chance it had:
/// then the program may not have been up yet.
pub(super) fn ended_at_first_chance(failure: &ProbeFailure<'_>, grace: i64) -> Option<i64> {
    let end = failure.container.last_end()?;
    let ran = end.finished_at?.duration_since(end.started_at?).as_secs();
    let is_first = ran <= failure.probe.window() + grace + SLACK;
    let has_not_answered = matches!(
        probe_answer::classify(failure.answer, failure.probe),
        ProbeAnswer::Refused | ProbeAnswer::TimedOut
    );
    (failure.kind == ProbeKind::Liveness
        && failure.container.spec.startup_probe.is_none()
        && !failure.container.is_ready()
        && is_first
        && has_not_answered)
        .then_some(ran)
}

fn advice(failure: &ProbeFailure<'_>, speaks_tls: bool) -> String {
    let field = failure.kind.field();
    if speaks_tls {
        return format!(
            "Set `scheme: HTTPS` in {field}.httpGet: the program speaks TLS on that port, and the probe plain HTTP"
        );
    }
    match probe_answer::classify(failure.answer, failure.probe) {
        ProbeAnswer::WrongProtocol if failure.answer.contains("HTTP response to HTTPS client") => {
            format!(
                "Set `scheme: HTTP` in {field}.httpGet: the probe speaks TLS, and the program plain HTTP on that port"
            )
        }
        ProbeAnswer::Refused
        | ProbeAnswer::TimedOut
        | ProbeAnswer::WrongQuestion(_)
        | ProbeAnswer::UnknownPortName => {
            format!("Make {field} ask what the program answers, or correct the program")
        }
        _ => format!(
            "Act on what the probe answers; change {field} only if it asks for the wrong thing"
        ),
    }
}

/// Whether the program speaks TLS where the probe asks in plain HTTP: its log or answer says so, or it answers 400, as
/// servers do then, on a port with such a name.
pub(super) fn speaks_tls<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    failure: &ProbeFailure<'a>,
) -> bool {
    let Some(get) = failure.probe.http_get.as_ref() else {
        return false;
    };
    let answer = probe_answer::classify(failure.answer, failure.probe);
    if get.scheme == "HTTPS"
        || !matches!(
            answer,
            ProbeAnswer::WrongQuestion(400) | ProbeAnswer::WrongProtocol
        )
    {
        return false;
    }
    let said = [false, true].into_iter().any(|previous| {
        cluster
            .log(pod, failure.container.name(), previous)
            .is_some_and(|log| log.lines.iter().any(|line| PLAIN_TO_TLS.is_in(line)))
    });
    let port = failure
        .probe
        .port()
        .map(|port| port.to_string())
        .unwrap_or_default();
    let has_its_name = failure.container.spec.ports.iter().any(|declared| {
        let is_asked = *declared.name == *port || declared.container_port.to_string() == port;
        is_asked && (declared.name.contains("https") || declared.name.contains("tls"))
    });
    said || has_its_name
        || matches!(port.as_str(), "443" | "8443" | "https")
        || PLAIN_TO_TLS.is_in(failure.answer)
}

/// A probe's settings: what it does and how patient it is.
pub(super) fn settings(probe: &Probe) -> String {
    format!(
        "{} (delay {} s, period {} s, timeout {} s, failure threshold {})",
        probe.action(),
        probe.initial_delay_seconds,
        probe.period(),
        probe.timeout(),
        probe.failures()
    )
}

/// The ports that a container declares: `http 8080, 9090`; none where it declares none.
pub(super) fn ports(container: &Container) -> Option<String> {
    let all: Vec<String> = container
        .ports
        .iter()
        .map(|port| match port.name.non_empty() {
            Some(name) => format!("{name} {}", port.container_port),
            None => port.container_port.to_string(),
        })
        .collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// What came back, as part of a sentence, with the port or path that was asked.
pub(super) fn in_words(failure: &ProbeFailure<'_>, answer: ProbeAnswer) -> String {
    let action = failure.probe.action();
    let port = failure
        .probe
        .port()
        .map(|port| port.to_string())
        .unwrap_or_default();
    match answer {
        ProbeAnswer::Refused => {
            format!("fails: nothing listens on port {port} ({action}: connection refused)")
        }
        ProbeAnswer::WrongQuestion(status) | ProbeAnswer::Unwell(status) => {
            format!("fails: {action} answers HTTP {status}")
        }
        ProbeAnswer::TimedOut => {
            format!(
                "fails: {action} does not answer within {} s (timeout)",
                failure.probe.timeout()
            )
        }
        ProbeAnswer::UnknownPortName => format!("fails: port `{port}` is no port of the container"),
        _ if failure.answer.is_empty() => format!("fails: {action} ends with an error"),
        _ => format!("fails: {action}: {}", last_words::quoted(failure.answer)),
    }
}
