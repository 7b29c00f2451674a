use super::last_words;
use super::probe_answer::{self, ProbeAnswer};
use super::probe_failure::{ProbeFailure, failing_probes};
use super::probe_sighting::{in_words, sighting};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Pod;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A probe gets an answer that says that it asks the wrong thing: a path that does not exist, a
    /// login that it does not have, another protocol, a command that cannot be run.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, readinessProbe: {httpGet: {path: /redy, port: 8080}}}]
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
    /// message: 'Readiness probe failed: HTTP probe failed with statuscode: 404'
    /// count: 120
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// The program itself says that it is not ready:
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
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Correct path, scheme, headers or command of the probe, or serve what it asks.
    ///
    /// # What it cannot know
    /// Which path the program serves.
    ///
    /// # Source
    /// Kubelet event Unhealthy; `HTTP probe failed with statuscode: N`; texts of Go's HTTP client and of
    /// exec probes.
    WRK024 "probe-answer-wrong" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [Event],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let mut told: Vec<(&str, String)> = Vec::new();
    for failure in failing_probes(cluster, pod) {
        let answer = probe_answer::classify(failure.answer, failure.probe);
        let Some(explanation) = meaning(answer) else {
            continue;
        };
        let fact = (failure.container.name(), failure.probe.action());
        if !told.contains(&fact) {
            told.push(fact);
            sink.report(of(pod, cluster, &failure, answer, explanation));
        }
    }
}

/// Why the question is wrong; none where the program answers that it is not well.
fn meaning(answer: ProbeAnswer) -> Option<&'static str> {
    Some(match answer {
        ProbeAnswer::WrongQuestion(404) => {
            "The program answers, and does not know the path that the probe asks for."
        }
        ProbeAnswer::WrongQuestion(401 | 403) => {
            "The program answers, and wants a login that the probe does not have."
        }
        ProbeAnswer::WrongQuestion(_) => "The program answers, and refuses what the probe asks.",
        ProbeAnswer::WrongProtocol => {
            "The program answers in another protocol than the probe speaks."
        }
        ProbeAnswer::CommandUnusable => {
            "The command of the probe cannot do its work in this container."
        }
        _ => return None,
    })
}

fn of<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    failure: &ProbeFailure<'a>,
    answer: ProbeAnswer,
    explanation: &str,
) -> Sighting {
    let what = match answer {
        ProbeAnswer::WrongQuestion(404) => format!(
            "asks a path that is not found: {} answers HTTP 404",
            failure.probe.action()
        ),
        ProbeAnswer::WrongProtocol => format!(
            "speaks the wrong protocol: {}: {}",
            failure.probe.action(),
            last_words::quoted(failure.answer)
        ),
        _ => in_words(failure, answer),
    };
    sighting(cluster, pod, failure, &what, explanation)
        .identified_by("probe", failure.probe.action())
}
