use super::state::{describe, is_in_use};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Event, Node, Object};
use crate::model::{Evidence, Quantity, Severity, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node as a whole ran out of memory and its kernel killed processes: containers may ask for and
    /// use more together than the node has.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {allocatable: {memory: 4Gi}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: default}
    /// involvedObject: {kind: Node, name: n1, uid: n1}
    /// type: Warning
    /// reason: SystemOOM
    /// message: "System OOM encountered, victim process: java, pid: 4711"
    /// lastTimestamp: "2026-01-01T11:55:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: default}
    /// involvedObject: {kind: Node, name: n1, uid: n1}
    /// type: Warning
    /// reason: SystemOOM
    /// message: "System OOM encountered, victim process: java, pid: 4711"
    /// lastTimestamp: "2026-01-01T05:00:00Z"
    /// ```
    ///
    /// # How to fix
    /// Give every container a memory limit, and requests that fit what it uses; reserve memory for the
    /// system.
    ///
    /// # What it cannot know
    /// Which process took the memory; the victim need not be the one.
    ///
    /// # Source
    /// Kubelet event SystemOOM.
    NOD013 "system-out-of-memory" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [Pod, Event],
        maps_to: [],
        check: Node(check),
    }
}

/// Seconds after which it is over unless something still suffers.
const JUST_NOW: i64 = 600;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let event = cluster.current_event(node, &["SystemOOM"]);
    if let Some(event) = event.filter(|_| is_in_use(node)) {
        sink.report(sighting(node, cluster, event));
    }
}

fn sighting<'a>(node: &'a Node, cluster: &Cluster<'a>, event: &Event) -> Sighting {
    let own = node.reference();
    let (limits, unlimited) = memory_on(cluster, node);
    let allocatable = node.status.allocatable.get("memory").copied();
    let room = allocatable.map_or_else(String::new, |room| {
        format!(
            " The limits of its containers add up to {} of {}.",
            limits.human_bytes(),
            room.human_bytes()
        )
    });
    let without = if unlimited.is_empty() {
        String::new()
    } else {
        format!(" Without a memory limit: {}.", some_of(&unlimited, 3))
    };
    let severity = if cluster.is_within(event.last_seen(), JUST_NOW) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    Sighting::of(
        own.clone(),
        format!("{own} ran out of memory: its kernel killed processes (SystemOOM)"),
        format!("The node as a whole was out of memory.{room}{without}"),
    )
    .severity(severity)
    .since(event.first_seen())
    .evidence(event_evidence(event))
    .all_evidence(
        allocatable
            .map(|room| Evidence::field(own, "status.allocatable.memory", room.human_bytes())),
    )
    .suggest(describe(node))
    .suggest(Suggestion::advice(
        "Give every container on it a memory limit and an honest request",
    ))
}

/// The memory limits of the pods on a node together, and the pods with a container that has none.
fn memory_on(cluster: &Cluster<'_>, node: &Node) -> (Quantity, Vec<String>) {
    let mut sum = Quantity::ZERO;
    let mut unlimited = Vec::new();
    for pod in cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| pod.is_live())
    {
        for container in &pod.spec.containers {
            match container.resources.limits.get("memory") {
                Some(limit) => sum = sum.plus(*limit),
                None => unlimited.push(format!("{}/{}", pod.metadata.namespace, pod.metadata.name)),
            }
        }
    }
    unlimited.dedup();
    (sum, unlimited)
}
