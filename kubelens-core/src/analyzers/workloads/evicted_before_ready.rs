use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Event, Object, Pod};
use crate::model::{Severity, Suggestion, counted};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A rebalancer takes the pods of a workload away again and again before they are ready: each new one begins from
    /// the start. The program may be well; it only needs longer than it is given.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: curves-5d-new, generateName: curves-5d-, namespace: risk, uid: p9, creationTimestamp: "2026-01-01T11:57:00Z"}
    /// spec: {nodeName: node-1, containers: [{name: engine}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: "2026-01-01T11:57:00Z"}]
    ///   containerStatuses: [{name: engine, ready: false, restartCount: 0, state: {running: {startedAt: "2026-01-01T11:57:00Z"}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: risk}
    /// involvedObject: {kind: Pod, namespace: risk, name: curves-5d-a}
    /// reason: PodLifeTime
    /// message: pod evicted from node-1 node by sigs.k8s.io/descheduler
    /// lastTimestamp: "2026-01-01T11:47:00Z"
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e2, namespace: risk}
    /// involvedObject: {kind: Pod, namespace: risk, name: curves-5d-b}
    /// reason: PodLifeTime
    /// message: pod evicted from node-1 node by sigs.k8s.io/descheduler
    /// lastTimestamp: "2026-01-01T11:52:00Z"
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e3, namespace: risk}
    /// involvedObject: {kind: Pod, namespace: risk, name: curves-5d-c}
    /// reason: PodLifeTime
    /// message: pod evicted from node-1 node by sigs.k8s.io/descheduler
    /// lastTimestamp: "2026-01-01T11:57:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// One round of a rebalancer, and pods that crash by themselves:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: curves-5d-new, generateName: curves-5d-, namespace: risk, uid: p9, creationTimestamp: "2026-01-01T11:57:00Z"}
    /// spec: {nodeName: node-1, containers: [{name: engine}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: "2026-01-01T11:57:00Z"}]
    ///   containerStatuses: [{name: engine, ready: false, restartCount: 0, state: {running: {startedAt: "2026-01-01T11:57:00Z"}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: risk}
    /// involvedObject: {kind: Pod, namespace: risk, name: curves-5d-a}
    /// reason: RemoveDuplicates
    /// message: pod evicted from node-1 node by sigs.k8s.io/descheduler
    /// lastTimestamp: "2026-01-01T11:56:00Z"
    /// ```
    ///
    /// # How to fix
    /// Give pods longer than they need to start in the policy of the rebalancer, keep this workload out of it, or give
    /// it a PodDisruptionBudget.
    ///
    /// # What it cannot know
    /// How long a start takes, and whether it would ever come to an end.
    ///
    /// # Source
    /// Events of the descheduler and of the updater of VerticalPodAutoscalers about pods of the same owner.
    WRK047 "evicted-before-ready" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [Event],
        maps_to: [],
        check: Pod(check),
    }
}

/// Who evicts, and the reasons of the events that it writes: the descheduler names its strategy.
const EVICTIONS: [(&str, &str); 9] = [
    ("EvictedByVPA", "VerticalPodAutoscaler's updater"),
    ("PodLifeTime", DESCHEDULER),
    ("LowNodeUtilization", DESCHEDULER),
    ("HighNodeUtilization", DESCHEDULER),
    ("RemoveDuplicates", DESCHEDULER),
    ("RemovePodsViolatingNodeAffinity", DESCHEDULER),
    ("RemovePodsViolatingNodeTaints", DESCHEDULER),
    ("RemovePodsViolatingInterPodAntiAffinity", DESCHEDULER),
    ("RemovePodsViolatingTopologySpreadConstraint", DESCHEDULER),
];

const DESCHEDULER: &str = "descheduler";

/// Seconds for which an eviction counts.
const WINDOW: i64 = 3600;

/// Evictions, at different times, from which they are no single round.
const MANY: usize = 3;

/// Most events that are shown.
const MOST_SHOWN: usize = 3;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_starting = pod.is_live() && pod.is_scheduled() && !pod.is_ready();
    let has_failed = pod.containers().any(|container| container.restarts() > 0);
    let siblings = pod.metadata.generate_name.as_str();
    if !is_starting || has_failed || siblings.is_empty() {
        return;
    }
    for (reason, by) in EVICTIONS {
        let mut events: Vec<&Event> = cluster
            .events_with_reason(reason)
            .filter(|event| {
                event.involved_object.namespace == pod.metadata.namespace
                    && event.involved_object.name.starts_with(siblings)
                    && cluster.is_within(event.last_seen(), WINDOW)
            })
            .collect();
        events.sort_by_key(|event| event.last_seen());
        let rounds: BTreeSet<Timestamp> = events
            .iter()
            .filter_map(|event| event.last_seen())
            .collect();
        if rounds.len() >= MANY {
            sink.report(sighting(cluster, pod, (reason, by), &events, &rounds));
            return;
        }
    }
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    (reason, by): (&str, &str),
    events: &[&Event],
    rounds: &BTreeSet<Timestamp>,
) -> Sighting {
    let top = cluster.top_of(pod);
    let title = format!(
        "The {by} ({reason}) evicts pods of {top} again and again, {} within an hour, before they are ready",
        counted(events.len(), "pod")
    );
    let every = rounds
        .first()
        .zip(rounds.last())
        .map_or(0, |(first, last)| last.duration_since(*first).as_secs())
        / i64::try_from(rounds.len().saturating_sub(1))
            .unwrap_or(1)
            .max(1)
        / 60;
    let explanation = format!(
        "About every {} what runs is taken away, and a new pod begins its start anew.",
        counted(usize::try_from(every.max(1)).unwrap_or(1), "minute")
    );
    let severity = if cluster.is_stood_in_for(pod) {
        Severity::Warning
    } else {
        Severity::Critical
    };
    Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "evicts")
        .identified_by("reason", reason)
        .severity(severity)
        .since(rounds.first().copied())
        .all_evidence(
            events
                .iter()
                .rev()
                .take(MOST_SHOWN)
                .map(|event| event_evidence(event)),
        )
        .suggest(Suggestion::advice(format!(
            "Let the {by} spare pods of {top} for longer than they need to start, or keep it away from them"
        )))
        .suggest(Suggestion::look(
            "See what was evicted, and by whom",
            format!(
                "kubectl -n {} get events --field-selector reason={reason}",
                pod.metadata.namespace
            ),
        ))
}
