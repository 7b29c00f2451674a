use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Node, Object};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The control plane runs on one node or on two: when one of them fails, the cluster cannot be changed, and
    /// nothing that breaks heals itself.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: one, labels: {node-role.kubernetes.io/control-plane: ""}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: worker-1}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: worker-2}
    /// ```
    ///
    /// # Stays silent on
    /// Three of them; a control plane that is no node of the cluster:
    /// ```yaml
    /// # repeat: 3
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: master-$N, labels: {node-role.kubernetes.io/control-plane: ""}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: worker-1}
    /// ```
    /// ```yaml
    /// # repeat: 3
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: worker-$N}
    /// ```
    /// A cluster to try things with:
    /// ```yaml
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: kind-control-plane, labels: {node-role.kubernetes.io/control-plane: ""}}
    /// spec: {providerID: kind://docker/kind/kind-control-plane}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: kind-worker}
    /// ```
    ///
    /// # How to fix
    /// Run three control plane nodes; etcd needs more than half of its members.
    ///
    /// # What it cannot know
    /// An etcd that runs elsewhere.
    ///
    /// # Source
    /// The label `node-role.kubernetes.io/control-plane` of core/v1 Node.
    HYG036 "control-plane-not-redundant" {
        role: Root,
        severity: Info,
        confidence: 0.90,
        reads: [Node],
        maps_to: [],
        profiles: [Hygiene],
        check: Cluster(check),
    }
}

/// Labels of nodes that run the control plane.
const ROLES: [&str; 2] = [
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
];

/// Beginnings of names and provider ids of clusters on somebody's own machine.
const TO_TRY: [&str; 5] = [
    "kind://",
    "k3d-",
    "minikube",
    "docker-desktop",
    "rancher-desktop",
];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if !cluster.is_complete(Kind::Node, "") {
        return;
    }
    let is_control = |node: &&Node| {
        let labels = &node.metadata.labels;
        ROLES.iter().any(|role| labels.contains_key(role))
    };
    let control: Vec<&Node> = cluster.all::<Node>().filter(is_control).collect();
    let others = cluster
        .all::<Node>()
        .filter(|node| !is_control(node))
        .count();
    let is_to_try = control.iter().any(|node| {
        let names = [node.metadata.name.as_str(), node.spec.provider_id.as_str()];
        let is_one = |start: &&str| names.iter().any(|name| name.starts_with(start));
        TO_TRY.iter().any(is_one)
    });
    // A cluster of one node has nothing to be redundant with.
    if !(1..=2).contains(&control.len()) || others == 0 || is_to_try {
        return;
    }
    let name = cluster.snapshot().info().name.as_str();
    let name = if name.is_empty() { "cluster" } else { name };
    let count = match control.len() {
        1 => "one node",
        _ => "two nodes",
    };
    let proof = control.iter().map(|node| {
        let path = "metadata.labels[node-role.kubernetes.io/control-plane]";
        Evidence::field(node.reference(), path, "set")
    });
    sink.report(
        Sighting::of(
            ObjectRef::pseudo("Cluster", name),
            format!("The control plane runs on {count} only"),
            "When one of them fails, the cluster cannot be changed and heals nothing by itself.",
        )
        .all_evidence(proof)
        .suggest(Suggestion::advice("Run three control plane nodes")),
    );
}
