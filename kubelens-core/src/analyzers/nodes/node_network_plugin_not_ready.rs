use super::node_agent::{absent_network_agent, broken_network_agent};
use super::state::{NotReady, classify, describe, is_in_use, pods_there, ready, shared_by_zone};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Condition, Node, Object};
use crate::model::{Evidence, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node is not ready because its network plugin (CNI) is not set up: its agent does not run
    /// there, or has not written its configuration.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: KubeletNotReady, message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized", lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// The plugin runs on other nodes, and its DaemonSet does not select this one:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: arm-1, creationTimestamp: "2025-12-01T00:00:00Z", labels: {kubernetes.io/arch: arm64}}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: KubeletNotReady, message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized", lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ---
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: network, namespace: kube-system, uid: d1}
    /// spec:
    ///   template:
    ///     spec:
    ///       nodeSelector: {kubernetes.io/arch: amd64}
    ///       containers: [{name: agent}]
    ///       volumes: [{name: conf, hostPath: {path: /etc/cni/net.d}}]
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2026-01-01T11:58:30Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: KubeletNotReady, message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady", lastTransitionTime: "2026-01-01T11:58:30Z"}
    /// ```
    ///
    /// # How to fix
    /// Cure the network plugin's pod on that node, let its DaemonSet select the node, or install a network plugin.
    ///
    /// # What it cannot know
    /// What the plugin's files on the machine say.
    ///
    /// # Source
    /// `NetworkReady=false reason:NetworkPluginNotReady` in the message of condition `Ready` of core/v1
    /// Node.
    NOD011 "node-network-plugin-not-ready" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod, Event, DaemonSet],
        maps_to: ["k8sgpt:Node"],
        check: Node(check),
    }
}

/// Seconds in which a new node's plugin may still be on its way.
const YOUNG: i64 = 180;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_young =
        node.metadata.creation_timestamp.is_some() && cluster.age(&node.metadata) < YOUNG;
    if is_young || !is_in_use(node) {
        return;
    }
    let not_ready = ready(node).filter(|ready| {
        ready.is_false()
            && classify(&ready.message) == NotReady::Network
            && cluster.seconds_since(ready.last_transition_time)
                > cluster.thresholds(&node.metadata).node_grace
    });
    if let Some(ready) = not_ready {
        sink.report(sighting(node, cluster, ready));
    }
}

fn sighting<'a>(node: &'a Node, cluster: &Cluster<'a>, ready: &Condition) -> Sighting {
    let own = node.reference();
    let agent = broken_network_agent(cluster, node);
    let message = safe_text(&ready.message);
    let absent = match agent {
        Some(_) => None,
        None => absent_network_agent(cluster, node),
    };
    let whose = match (&agent, &absent) {
        (Some(agent), _) => format!("The pod of {agent} on it does not serve."),
        (None, Some((set, why))) => {
            let why = why.words();
            format!("{} makes no pod for it: it {why}.", set.reference())
        }
        (None, None) => "No pod of a network plugin that fails is seen on it.".to_owned(),
    };
    let explanation = format!(
        "Its kubelet says: {message}. {whose} {}",
        pods_there(cluster, node)
    );
    let title = match &absent {
        Some((set, _)) => format!(
            "{own} is not ready: its network plugin (CNI) is not set up, and {} does not run on it",
            set.reference()
        ),
        None => format!("{own} is not ready: its network plugin (CNI) is not set up"),
    };
    let subject = match (&agent, &absent) {
        (Some(agent), _) => agent.clone(),
        (None, Some((set, _))) => set.reference(),
        (None, None) => own.clone(),
    };
    let mut sighting = Sighting::of(subject, title, explanation)
        .since(ready.last_transition_time)
        .evidence(
            Evidence::message(
                own.clone(),
                "status.conditions[Ready]",
                &format!("False, {}: {message}", ready.reason),
            )
            .at(ready.last_transition_time),
        )
        .all_evidence(
            cluster
                .newest_event(node, &["NodeNotReady"])
                .map(event_evidence),
        )
        .suggest(describe(node));
    if let Some((set, why)) = absent {
        let reason = why.words();
        sighting = sighting
            .seen_on(own.clone(), "network agent of")
            .identified_by("node", own.name.as_str())
            .evidence(Evidence::field(set.reference(), why.field(), reason))
            .suggest(Suggestion::advice(format!(
                "Let {} run on {own}, or install the network plugin that is meant for such nodes",
                set.reference()
            )));
    } else if let Some(agent) = agent {
        sighting = sighting
            .seen_on(own, "network agent of")
            .blames(agent, "network agent of");
    }
    shared_by_zone(sighting, node)
}
