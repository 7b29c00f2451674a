use super::state::{describe, is_in_use};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Event, Node, Object};
use crate::model::Severity;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node goes up and down: it turns not ready and ready again and again, its kubelet restarts
    /// again and again, or its machine was rebooted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: default}
    /// involvedObject: {kind: Node, name: n1, uid: n1}
    /// type: Normal
    /// reason: NodeNotReady
    /// message: "Node n1 status is now: NodeNotReady"
    /// count: 4
    /// firstTimestamp: "2026-01-01T11:20:00Z"
    /// lastTimestamp: "2026-01-01T11:55:00Z"
    /// ```
    ///
    /// A reboot that nothing announced:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: default}
    /// involvedObject: {kind: Node, name: n1, uid: n1}
    /// type: Warning
    /// reason: Rebooted
    /// message: "Node n1 has been rebooted, boot id: 8f1c6f3e-1b0f-4b55-9d3c-0d1f6f6d1a11"
    /// count: 1
    /// lastTimestamp: "2026-01-01T11:40:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: default}
    /// involvedObject: {kind: Node, name: n1, uid: n1}
    /// type: Normal
    /// reason: NodeNotReady
    /// message: "Node n1 status is now: NodeNotReady"
    /// count: 1
    /// lastTimestamp: "2026-01-01T11:20:00Z"
    /// ```
    ///
    /// # How to fix
    /// Look at the machine: memory, disk, network, power; drain it until it is stable.
    ///
    /// # What it cannot know
    /// Whether somebody rebooted it on purpose without cordoning it. A reboot of a cordoned node, or while nodes change their
    /// version, is told as information.
    ///
    /// # Source
    /// Events NodeNotReady (node controller), Starting and Rebooted (kubelet).
    NOD027 "node-flapping-or-rebooted" {
        role: Root,
        severity: Warning,
        confidence: 0.88,
        reads: [Event],
        maps_to: [],
        check: Node(check),
    }
}

/// Times within the window from which something happens again and again.
const AGAIN: u32 = 3;

/// What a kubelet says when its machine has another boot id.
const REBOOTED: &str = "Rebooted";

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !is_in_use(node) {
        return;
    }
    let lately: Vec<&Event> = cluster
        .events_of(node)
        .filter(|event| {
            cluster.is_within(
                event.last_seen(),
                cluster.thresholds(&node.metadata).event_window,
            )
        })
        .collect();
    let facts = [
        ("NodeNotReady", "turned not ready", AGAIN),
        ("Starting", "had its kubelet started", AGAIN),
        (REBOOTED, "was rebooted", 1),
    ];
    for (reason, words, least) in facts {
        let of_it: Vec<&Event> = lately
            .iter()
            .copied()
            .filter(|event| event.reason == reason)
            // kube-proxy and others write an event of the same reason about their node.
            .filter(|event| reason != "Starting" || event.message.contains("kubelet"))
            .collect();
        let times: u32 = of_it
            .iter()
            .map(|event| in_window(cluster, node, event))
            .sum();
        if let Some(newest) = of_it.last().filter(|_| times >= least) {
            // Asked last: the answer looks at every node.
            let severity = if reason == REBOOTED && is_maintained(node, &lately, cluster) {
                Severity::Info
            } else {
                Severity::Warning
            };
            sink.report(sighting(node, newest, reason, words, times, severity));
        }
    }
}

/// Whether somebody works on the machine: it is or was cordoned, as before a drain, its system announced that it shuts
/// down, so that its pods were ended in order, or nodes are on their way to another version.
fn is_maintained(node: &Node, lately: &[&Event], cluster: &Cluster<'_>) -> bool {
    let was_cordoned = lately.iter().any(|event| {
        matches!(
            event.reason.as_str(),
            "NodeNotSchedulable" | "NodeSchedulable" | "Shutdown"
        )
    });
    let version = &node.status.node_info.kubelet_version;
    node.spec.unschedulable
        || was_cordoned
        || cluster.all::<Node>().any(|other| {
            other.spec.unschedulable || other.status.node_info.kubelet_version != *version
        })
}

/// How often an event was seen within the window; its count may reach further back.
fn in_window(cluster: &Cluster<'_>, node: &Node, event: &Event) -> u32 {
    if cluster.is_within(
        event.first_seen(),
        cluster.thresholds(&node.metadata).event_window,
    ) {
        event.times()
    } else {
        1
    }
}

fn sighting(
    node: &Node,
    event: &Event,
    reason: &str,
    words: &str,
    times: u32,
    severity: Severity,
) -> Sighting {
    let own = node.reference();
    let often = if times == 1 {
        "within the last hour".to_owned()
    } else {
        format!("{times} times within an hour")
    };
    Sighting::of(
        own.clone(),
        format!("{own} {words} {often}"),
        "Pods on it are cut off, restarted or moved each time.",
    )
    .identified_by("fact", reason)
    .severity(severity)
    .since(event.first_seen())
    .evidence(event_evidence(event))
    .suggest(describe(node))
}
