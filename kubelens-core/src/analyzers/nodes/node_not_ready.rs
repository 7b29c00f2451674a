use super::node_problem_reported::blaming_the_kernel;
use super::state::{
    JOINING, NotReady, classify, describe, is_in_use, pods_there, ready, shared_by_zone,
};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Condition, Node, Object};
use crate::model::{Evidence, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node's kubelet says that the node is not ready: no new pods come to it, and those on it get no
    /// traffic.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: KubeletNotReady, message: node is shutting down, lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// A node that is still joining:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2026-01-01T11:58:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: KubeletNotReady, message: joining, lastTransitionTime: "2026-01-01T11:58:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Cure what the kubelet names on that machine, or replace the machine.
    ///
    /// # What it cannot know
    /// What happens on the machine besides what its kubelet says.
    ///
    /// # Source
    /// Condition `Ready` of core/v1 Node, status False.
    NOD001 "node-not-ready" {
        role: Both,
        severity: Critical,
        confidence: 0.95,
        reads: [Pod, Event],
        maps_to: ["k8sgpt:Node", "POP-702", "classic:node_health"],
        check: Node(check),
    }
}

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(ready) = ready(node).filter(|ready| ready.is_false()) else {
        return;
    };
    let is_young =
        cluster.age(&node.metadata) < JOINING && node.metadata.creation_timestamp.is_some();
    let is_brief = cluster.seconds_since(ready.last_transition_time)
        <= cluster.thresholds(&node.metadata).node_grace;
    if is_in_use(node) && !is_young && !is_brief && classify(&ready.message) == NotReady::Other {
        sink.report(sighting(node, cluster, ready));
    }
}

fn sighting<'a>(node: &'a Node, cluster: &Cluster<'a>, ready: &Condition) -> Sighting {
    let own = node.reference();
    let why = if ready.message.is_empty() {
        ready.reason.to_string()
    } else {
        format!("{}: {}", ready.reason, safe_text(&ready.message))
    };
    let event = cluster.newest_event(node, &["NodeNotReady"]);
    let sighting = Sighting::of(
        own.clone(),
        format!("{own} is not ready ({why})"),
        format!(
            "Its kubelet reports Ready=False. {}",
            pods_there(cluster, node)
        ),
    )
    .since(ready.last_transition_time)
    .evidence(
        Evidence::message(own, "status.conditions[Ready]", &format!("False, {why}"))
            .at(ready.last_transition_time),
    )
    .all_evidence(event.map(event_evidence))
    .suggest(describe(node));
    shared_by_zone(blaming_the_kernel(sighting, node, ready), node)
}
