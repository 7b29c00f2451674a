use std::collections::BTreeMap;

use jiff::Timestamp;

use super::state::{NotReady, classify, is_in_use, ready, zone_of, zone_ref};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, Node, Object};
use crate::model::{Evidence, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Most nodes of one zone stopped at the same time, while nodes of other zones are well: that is one fault of the
    /// zone (its network, its power, its provider) and not one of each machine.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Node
    /// # repeat: 2
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: b$N, labels: {topology.kubernetes.io/zone: eu-b}}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status., lastTransitionTime: "2026-01-01T11:41:0$NZ"}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: a1, labels: {topology.kubernetes.io/zone: eu-a}}
    /// status:
    ///   conditions: [{type: Ready, status: "True", reason: KubeletReady, lastTransitionTime: "2025-12-01T12:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// One of two nodes, and two that stopped hours apart:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Node
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: b1, labels: {topology.kubernetes.io/zone: eu-b}}
    /// status:
    ///   conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, lastTransitionTime: "2026-01-01T11:41:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: b2, labels: {topology.kubernetes.io/zone: eu-b}}
    /// status:
    ///   conditions: [{type: Ready, status: "True", reason: KubeletReady, lastTransitionTime: "2025-12-01T12:00:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: a1, labels: {topology.kubernetes.io/zone: eu-a}}
    /// status:
    ///   conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, lastTransitionTime: "2026-01-01T11:41:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: a2, labels: {topology.kubernetes.io/zone: eu-a}}
    /// status:
    ///   conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, lastTransitionTime: "2026-01-01T08:41:00Z"}]
    /// ```
    /// Nodes of every zone stopped, so it is not a matter of one:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Node
    /// # repeat: 2
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: b$N, labels: {topology.kubernetes.io/zone: eu-b}}
    /// status:
    ///   conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, lastTransitionTime: "2026-01-01T11:41:00Z"}]
    /// ---
    /// # repeat: 2
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: a$N, labels: {topology.kubernetes.io/zone: eu-a}}
    /// status:
    ///   conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, lastTransitionTime: "2026-01-01T11:41:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Ask the provider about the zone; look at its network between the nodes and the control plane. Nodes come back
    /// by themselves once they reach the API server.
    ///
    /// # What it cannot know
    /// Whether the machines run: nodes that cannot reach the API server may serve on. In a cluster of one zone, or
    /// where every zone is hit, nothing tells the zone from what is above it, and each node stands for itself.
    ///
    /// # Source
    /// Condition `Ready` of core/v1 Node and label `topology.kubernetes.io/zone`.
    NOD040 "zone-unreachable" {
        role: Root,
        severity: Critical,
        confidence: 0.80,
        reads: [Node],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Seconds between the first and the last node of a zone that went down together.
const TOGETHER: i64 = 120;

/// How many nodes are no chance any more.
const LEAST: usize = 2;

/// From what share of its nodes on a zone is down, in percent.
const SHARE: usize = 55;

/// Most nodes that are told as proof.
const MOST_TOLD: usize = 6;

/// The nodes of one zone.
#[derive(Default)]
struct Zone<'a> {
    nodes: usize,
    /// Since when each of the nodes that are down is so.
    down: Vec<(Timestamp, &'a Node, &'a Condition)>,
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut zones: BTreeMap<&str, Zone<'_>> = BTreeMap::new();
    for node in cluster
        .nodes_but_heartbeats()
        .filter(|node| is_in_use(node))
    {
        let Some(zone) = zone_of(node) else { continue };
        let zone = zones.entry(zone).or_default();
        zone.nodes += 1;
        zone.down.extend(down(node));
    }
    let is_hit = |zone: &Zone<'_>| zone.down.len() * 100 >= zone.nodes * SHARE;
    if zones.values().all(is_hit) {
        return;
    }
    for (name, zone) in zones {
        let together = together(zone.down);
        if together.len() >= LEAST && together.len() * 100 >= zone.nodes * SHARE {
            sink.report(sighting(name, zone.nodes, &together));
        }
    }
}

/// Since when a node is down as a whole, where that is no matter of its runtime or its network plugin.
fn down(node: &Node) -> Option<(Timestamp, &Node, &Condition)> {
    let ready = ready(node).filter(|ready| !ready.is_true())?;
    let is_down = ready.status == "Unknown" || classify(&ready.message) == NotReady::Other;
    Some((ready.last_transition_time.filter(|_| is_down)?, node, ready))
}

/// Most of the nodes that went down within the time that makes it one event.
fn together<'a>(
    mut down: Vec<(Timestamp, &'a Node, &'a Condition)>,
) -> Vec<(Timestamp, &'a Node, &'a Condition)> {
    down.sort_by(|a, b| (a.0, &a.1.metadata.name).cmp(&(b.0, &b.1.metadata.name)));
    let within = |first: Timestamp| {
        let is_near = move |one: &&(Timestamp, &'a Node, &'a Condition)| {
            one.0 >= first && one.0.duration_since(first).as_secs() <= TOGETHER
        };
        down.iter().filter(is_near).copied().collect::<Vec<_>>()
    };
    let mut best: Vec<_> = Vec::new();
    for (first, ..) in &down {
        let all = within(*first);
        if all.len() > best.len() {
            best = all;
        }
    }
    best
}

fn sighting(zone: &str, nodes: usize, down: &[(Timestamp, &Node, &Condition)]) -> Sighting {
    let own = zone_ref(zone);
    let count = down.len();
    let told = down.iter().take(MOST_TOLD).map(|(since, node, ready)| {
        let text = format!(
            "{}, {}: {}",
            ready.status,
            ready.reason,
            safe_text(&ready.message)
        );
        Evidence::message(node.reference(), "status.conditions[Ready]", &text).at(Some(*since))
    });
    let seconds = match (down.first(), down.last()) {
        (Some(first), Some(last)) => last.0.duration_since(first.0).as_secs(),
        _ => 0,
    };
    let when = match seconds {
        0 => "at the same time".to_owned(),
        seconds => format!("within {seconds} s of each other"),
    };
    Sighting::of(
        own,
        format!("{count} of {nodes} nodes of zone {zone} went down together"),
        format!(
            "They stopped {when}, and nodes of other zones are well: that is the zone, its network or its provider, not each machine."
        ),
    )
    .since(down.first().map(|(since, ..)| *since))
    .all_evidence(told)
    .suggest(Suggestion::look(
        "See the nodes of the zone",
        format!("kubectl get nodes -o wide -l topology.kubernetes.io/zone={zone}"),
    ))
    .suggest(Suggestion::advice(format!(
        "Ask the provider about zone {zone}, and look at the network between it and the control plane"
    )))
}
