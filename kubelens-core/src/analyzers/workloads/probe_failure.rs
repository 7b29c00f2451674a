//! Probes that fail now, with what kubelets write about them.

use crate::kubernetes::{ContainerRole, ContainerView, Event, Pod, Probe};
use crate::snapshot::Cluster;

/// Which probe of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ProbeKind {
    /// Holds back the others until it passes; ends the container if it never does.
    Startup,
    /// Ends the container when it fails.
    Liveness,
    /// Takes the container out of its Services while it fails.
    Readiness,
}

impl ProbeKind {
    const ALL: [Self; 3] = [Self::Startup, Self::Liveness, Self::Readiness];

    /// As a sentence begins with it: `Readiness probe`.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Startup => "Startup probe",
            Self::Liveness => "Liveness probe",
            Self::Readiness => "Readiness probe",
        }
    }

    /// Its field in the container: `readinessProbe`.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
        }
    }

    /// What the kubelet says when it ends the container for it.
    const fn killing(self) -> Option<&'static str> {
        match self {
            Self::Startup => Some("failed startup probe"),
            Self::Liveness => Some("failed liveness probe"),
            Self::Readiness => None,
        }
    }

    /// The probe of a container.
    pub(super) fn of<'a>(self, container: &ContainerView<'a>) -> Option<&'a Probe> {
        match self {
            Self::Startup => container.spec.startup_probe.as_deref(),
            Self::Liveness => container.spec.liveness_probe.as_deref(),
            Self::Readiness => container.spec.readiness_probe.as_deref(),
        }
    }
}

/// A probe that fails now.
#[derive(Debug, Clone)]
pub(super) struct ProbeFailure<'a> {
    pub(super) kind: ProbeKind,
    pub(super) probe: &'a Probe,
    pub(super) container: ContainerView<'a>,
    /// The newest event about it.
    pub(super) event: &'a Event,
    /// What came back, in the kubelet's words.
    pub(super) answer: &'a str,
    /// The event about the container's end that it brought, where there is one.
    pub(super) killing: Option<&'a Event>,
}

/// Seconds after the last end by a probe in which a container that runs again is not yet well.
const KILL_WINDOW: i64 = 900;

/// Ends by a probe from which a container that is up between them counts as failing.
const REPEATED: i64 = 3;

/// The probes of a pod that fail now, the one that hurts most first.
pub(super) fn failing_probes<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Vec<ProbeFailure<'a>> {
    if !pod.is_live() || is_well(pod) {
        return Vec::new();
    }
    let mut found: Vec<ProbeFailure<'a>> = Vec::new();
    for event in cluster.events_of(pod).rev() {
        if event.reason != "Unhealthy"
            || !cluster.is_within(
                event.last_seen(),
                cluster.thresholds(&pod.metadata).event_window,
            )
        {
            continue;
        }
        let Some((kind, answer)) = parse(&event.message) else {
            continue;
        };
        let Some((container, probe)) = probed(pod, event, kind) else {
            continue;
        };
        let is_known = found
            .iter()
            .any(|known| known.kind == kind && known.container.name() == container.name());
        if is_known {
            continue;
        }
        let failure = ProbeFailure {
            kind,
            probe,
            container,
            event,
            answer,
            killing: killing(cluster, pod, kind, container.name()),
        };
        if fails_now(cluster, pod, &failure) {
            found.push(failure);
        }
    }
    found.sort_by(|a, b| (a.kind, a.container.name()).cmp(&(b.kind, b.container.name())));
    found
}

/// Ready, and no container was ever ended: the common case, told without looking at events.
fn is_well(pod: &Pod) -> bool {
    pod.is_ready()
        && pod
            .containers()
            .all(|container| container.restarts() < REPEATED)
}

/// Which probe an event speaks of, and what came back.
fn parse(message: &str) -> Option<(ProbeKind, &str)> {
    ProbeKind::ALL.into_iter().find_map(|kind| {
        let rest = message.strip_prefix(kind.title())?;
        let answer = rest
            .strip_prefix(" failed: ")
            .or_else(|| rest.strip_prefix(" errored: "))
            .or_else(|| rest.strip_prefix(" errored and resulted in unknown state: "))
            .or_else(|| rest.split_once(": ").map(|(_, answer)| answer))
            .unwrap_or(rest);
        Some((kind, answer.trim()))
    })
}

/// The container that an event is about: by its field path, else the only one with such a probe.
fn probed<'a>(
    pod: &'a Pod,
    event: &Event,
    kind: ProbeKind,
) -> Option<(ContainerView<'a>, &'a Probe)> {
    let named = event
        .involved_object
        .field_path
        .split_once('{')
        .and_then(|(_, rest)| rest.strip_suffix('}'));
    let mut with_probe = pod
        .containers()
        .filter_map(|container| Some((container, kind.of(&container)?)));
    if let Some(name) = named {
        return with_probe.find(|(container, _)| container.name() == name);
    }
    let first = with_probe.next();
    first.filter(|_| with_probe.next().is_none())
}

fn killing<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    kind: ProbeKind,
    container: &str,
) -> Option<&'a Event> {
    let words = kind.killing()?;
    cluster.events_of(pod).rev().find(|event| {
        event.reason == "Killing"
            && event.message.contains(words)
            && event
                .message
                .split_whitespace()
                .any(|word| word == container)
            && cluster.is_within(
                event.last_seen(),
                cluster.thresholds(&pod.metadata).event_window,
            )
    })
}

fn fails_now(cluster: &Cluster<'_>, pod: &Pod, failure: &ProbeFailure<'_>) -> bool {
    let container = &failure.container;
    let Some(status) = container.status else {
        return false;
    };
    let started_at = status.state.running.as_ref().and_then(|run| run.started_at);
    let is_of_this_run = failure.event.last_seen() >= started_at;
    match failure.kind {
        ProbeKind::Readiness => {
            let became_ready_later =
                pod.ready_since() >= failure.event.last_seen() && pod.is_ready();
            // A program that is still coming up is refused a few times, whatever becomes of it.
            let is_coming_up = status.restart_count == 0
                && cluster.is_within(
                    started_at,
                    cluster.thresholds(&pod.metadata).not_ready_grace,
                );
            let had_its_chance = !is_coming_up
                && (i64::from(failure.event.times()) >= failure.probe.failures()
                    || started_at.is_none()
                    || cluster.seconds_since(started_at) > failure.probe.window());
            container.is_running()
                && !status.ready
                && is_of_this_run
                && !became_ready_later
                && had_its_chance
        }
        ProbeKind::Liveness => {
            status.restart_count > 0
                && ended_by_a_probe(cluster, pod, failure)
                && (!status.ready
                    || (status.restart_count >= REPEATED
                        && ended_within(cluster, container, KILL_WINDOW)))
        }
        ProbeKind::Startup => {
            let waits_too_long =
                started_at.is_some() && cluster.seconds_since(started_at) > failure.probe.window();
            status.started != Some(true)
                && (ended_by_a_probe(cluster, pod, failure)
                    || waits_too_long
                    || (container.role == ContainerRole::Sidecar && status.restart_count > 0))
        }
    }
}

/// Whether the container's last end is the kubelet's doing: it says so, or the exit code is that of
/// a signal to stop and the end is recent.
fn ended_by_a_probe(cluster: &Cluster<'_>, pod: &Pod, failure: &ProbeFailure<'_>) -> bool {
    let looks_stopped = failure
        .container
        .last_end()
        .is_some_and(|end| matches!(end.exit_code, 137 | 143) && end.reason != "OOMKilled");
    failure.killing.is_some()
        || (looks_stopped
            && ended_within(
                cluster,
                &failure.container,
                cluster.thresholds(&pod.metadata).event_window,
            ))
}

fn ended_within(cluster: &Cluster<'_>, container: &ContainerView<'_>, seconds: i64) -> bool {
    container
        .last_end()
        .is_some_and(|end| cluster.is_within(end.finished_at, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probe_events_are_taken_apart() {
        let cases = [
            (
                "Readiness probe failed: HTTP probe failed with statuscode: 502",
                Some((
                    ProbeKind::Readiness,
                    "HTTP probe failed with statuscode: 502",
                )),
            ),
            ("Liveness probe failed: ", Some((ProbeKind::Liveness, ""))),
            (
                "Startup probe errored and resulted in unknown state: rpc error",
                Some((ProbeKind::Startup, "rpc error")),
            ),
            (
                "Readiness probe errored: strconv.Atoi: parsing \"web\": invalid syntax",
                Some((
                    ProbeKind::Readiness,
                    "strconv.Atoi: parsing \"web\": invalid syntax",
                )),
            ),
            ("Back-off restarting failed container", None),
        ];
        for (message, expected) in cases {
            assert_eq!(parse(message), expected, "{message}");
        }
    }
}
