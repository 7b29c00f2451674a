use super::node_agent::broken_network_agent;
use super::state::{JOINING, describe, is_in_use, pods_there};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Node, Object, condition};
use crate::model::{Evidence, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node has no pod network: its routes were not made, or its network agent says that it is not up.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: NetworkUnavailable, status: "True", reason: NoRouteCreated, message: RouteController failed to create a route, lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions: [{type: NetworkUnavailable, status: "False", reason: RouteCreated}]
    /// ```
    ///
    /// # How to fix
    /// Look at the cloud's route controller, or at the network agent on that node.
    ///
    /// # What it cannot know
    /// Why a cloud refuses a route.
    ///
    /// # Source
    /// Condition `NetworkUnavailable` of core/v1 Node; event `FailedToCreateRoute` of the route controller.
    NOD006 "node-network-unavailable" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod, Event],
        maps_to: ["k8sgpt:Node", "POP-707"],
        check: Node(check),
    }
}

/// Seconds that a node's network may be away.
const GRACE: i64 = 60;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(condition) = condition(&node.status.conditions, "NetworkUnavailable")
        .filter(|condition| condition.is_true())
    else {
        return;
    };
    let is_brief = cluster.seconds_since(condition.last_transition_time) <= GRACE;
    let is_young =
        node.metadata.creation_timestamp.is_some() && cluster.age(&node.metadata) < JOINING;
    if is_brief || is_young || !is_in_use(node) {
        return;
    }
    let own = node.reference();
    let why = format!("{}: {}", condition.reason, safe_text(&condition.message));
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} has no pod network (NetworkUnavailable, {})",
            condition.reason
        ),
        format!(
            "{}. {}",
            safe_text(&condition.message),
            pods_there(cluster, node)
        ),
    )
    .since(condition.last_transition_time)
    .evidence(
        Evidence::message(
            own,
            "status.conditions[NetworkUnavailable]",
            &format!("True, {why}"),
        )
        .at(condition.last_transition_time),
    )
    .all_evidence(
        cluster
            .newest_event(node, &["FailedToCreateRoute"])
            .map(event_evidence),
    )
    .suggest(describe(node));
    if let Some(agent) = broken_network_agent(cluster, node) {
        sighting = sighting.blames(agent, "network agent of");
    }
    sink.report(sighting);
}
