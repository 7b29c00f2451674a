//! What a node says of itself, and what hangs on it.

use crate::analysis::Sighting;
use crate::kubernetes::{Condition, Node, Pod, Text, condition};
use crate::model::{ObjectRef, Suggestion, some_of};
use crate::snapshot::Cluster;

/// Seconds in which a node may still be joining.
pub(super) const JOINING: i64 = 300;

/// Taints by which an autoscaler or a person says that a machine goes.
const LEAVING: [&str; 4] = [
    "ToBeDeletedByClusterAutoscaler",
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
    "DeletionCandidateOfClusterAutoscaler",
];

/// Labels that name the zone of a node, the newer first.
const ZONES: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
];

/// What the message of a node that is not ready points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotReady {
    /// The container runtime does not answer.
    Runtime,
    /// The network plugin is not set up.
    Network,
    /// Something else, or nothing.
    Other,
}

/// Whether a node is in use: neither being deleted nor drained for removal.
pub(super) fn is_in_use(node: &Node) -> bool {
    let is_leaving = || {
        node.spec
            .taints
            .iter()
            .any(|taint| LEAVING.contains(&taint.key.as_str()))
    };
    !node.metadata.is_terminating() && !is_leaving()
}

/// The condition `Ready`.
pub(super) fn ready(node: &Node) -> Option<&Condition> {
    condition(&node.status.conditions, "Ready")
}

/// What the message of a node that is not ready points at.
pub(super) fn classify(message: &str) -> NotReady {
    let text = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "container runtime is down",
        "container runtime status check may not have completed",
        "pleg is not healthy",
        "containerd.sock",
        "crio.sock",
        "cri-dockerd.sock",
        "runtimeready=false",
    ]) {
        NotReady::Runtime
    } else if has(&[
        "networkready=false",
        "network plugin",
        "cni plugin",
        "cni config",
    ]) {
        NotReady::Network
    } else {
        NotReady::Other
    }
}

/// The pods on a node that are meant to serve.
pub(super) fn live_pods<'a>(cluster: &Cluster<'a>, node: &Node) -> Vec<&'a Pod> {
    cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| !pod.is_finished())
        .collect()
}

/// The pods on a node as part of a sentence: `7 pods run there (shop/web-1, …)`.
pub(super) fn pods_there(cluster: &Cluster<'_>, node: &Node) -> String {
    let pods = live_pods(cluster, node);
    let names: Vec<String> = pods
        .iter()
        .map(|pod| format!("{}/{}", pod.metadata.namespace, pod.metadata.name))
        .collect();
    match names.len() {
        0 => "No pod is on it.".to_owned(),
        1 => format!("1 pod is on it ({}).", names.join(", ")),
        count => format!("{count} pods are on it ({}).", some_of(&names, 3)),
    }
}

/// The zone of a node, where it names one.
pub(super) fn zone_of(node: &Node) -> Option<&str> {
    let mut labels = ZONES.iter();
    labels
        .find_map(|label| node.metadata.labels.get(label))
        .and_then(Text::non_empty)
}

/// The zone as the thing that may have to be repaired.
pub(super) fn zone_ref(zone: &str) -> ObjectRef {
    ObjectRef::pseudo("Zone", zone)
}

/// Marks a sighting about a node that is down with what it may share with others: its zone. Where the zone as a
/// whole went down, that is the reason.
pub(super) fn shared_by_zone(sighting: Sighting, node: &Node) -> Sighting {
    match zone_of(node) {
        Some(zone) => sighting
            .grouped(
                format!("zone/{zone}"),
                format!("nodes of zone {zone} are down"),
            )
            .blames(zone_ref(zone), "zone of"),
        None => sighting,
    }
}

/// Shows a node with its conditions and events.
pub(super) fn describe(node: &Node) -> Suggestion {
    Suggestion::look(
        "See the node's conditions and events",
        format!("kubectl describe node {}", node.metadata.name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_says_of_itself_is_told_apart() {
        let cases = [
            (
                "[container runtime is down, PLEG is not healthy: pleg was last seen active 5m0s ago]",
                NotReady::Runtime,
            ),
            (
                "rpc error: code = Unavailable desc = connection error: dial unix /run/containerd/containerd.sock",
                NotReady::Runtime,
            ),
            (
                "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
                NotReady::Network,
            ),
            ("node is shutting down", NotReady::Other),
        ];
        for (message, expected) in cases {
            assert_eq!(classify(message), expected, "{message}");
        }
    }
}
