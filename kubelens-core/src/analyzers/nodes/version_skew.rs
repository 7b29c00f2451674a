use super::state::is_in_use;
use super::version::Version;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node's kubelet is newer than the API server, or more than three minor versions older: a
    /// combination that Kubernetes does not support.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, labels: {node-role.kubernetes.io/control-plane: ""}}
    /// status: {nodeInfo: {kubeletVersion: v1.35.1}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2}
    /// status: {nodeInfo: {kubeletVersion: v1.31.0}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, labels: {node-role.kubernetes.io/control-plane: ""}}
    /// status: {nodeInfo: {kubeletVersion: v1.35.1}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2}
    /// status: {nodeInfo: {kubeletVersion: v1.33.0}}
    /// ```
    ///
    /// # How to fix
    /// Upgrade control plane first, then nodes, one minor version at a time.
    ///
    /// # What it cannot know
    /// The API server's version where neither the source nor a control-plane node says it; nodes are
    /// then not judged.
    ///
    /// # Source
    /// Kubernetes version skew policy; `status.nodeInfo.kubeletVersion` of core/v1 Node.
    NOD015 "version-skew" {
        role: Root,
        severity: Warning,
        confidence: 0.97,
        reads: [],
        maps_to: ["POP-405", "POP-406"],
        check: Node(check),
    }
}

/// Minor versions by which a kubelet may be older (since 1.28).
const OLDER: u32 = 3;

/// Labels of nodes that run an API server of their own version.
const CONTROL_PLANE: [&str; 2] = [
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
];

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let info = &node.status.node_info;
    let Some(kubelet) = Version::parse(&info.kubelet_version) else {
        return;
    };
    let server = cluster.once(|cluster| Server(server_version(cluster)));
    let Some((server, said_by)) = &server.0 else {
        return;
    };
    let server = *server;
    let too_new = kubelet > server;
    let too_old = kubelet.major == server.major && kubelet.minor + OLDER < server.minor;
    if !is_in_use(node) || !(too_new || too_old) {
        return;
    }
    let own = node.reference();
    let how = if too_new {
        "newer than the API server".to_owned()
    } else {
        format!("more than {OLDER} minor versions older than the API server")
    };
    sink.report(
        Sighting::of(
            own.clone(),
            format!("The kubelet of {own} is {} and the API server {server}: {how}", info.kubelet_version),
            "Kubernetes does not support this combination: fields and behaviours that one side expects may be missing on the other.",
        )
        .severity(Severity::Warning)
        .evidence(Evidence::field(own, "status.nodeInfo.kubeletVersion", &info.kubelet_version))
        .evidence(said_by.clone())
        .suggest(Suggestion::advice("Upgrade the control plane first, then the nodes, one minor version at a time")),
    );
}

/// What is known of the API server, the same for every node.
struct Server(Option<(Version, Evidence)>);

/// The API server's version: as the source knows it, else of the newest control-plane node.
pub(in crate::analyzers) fn server_version(cluster: &Cluster<'_>) -> Option<(Version, Evidence)> {
    let info = cluster.snapshot().info();
    let told = info
        .version
        .as_deref()
        .and_then(|text| Some((Version::parse(text)?, text)));
    if let Some((version, text)) = told {
        let own = ObjectRef::pseudo("Cluster", &info.name);
        return Some((version, Evidence::field(own, "version", text)));
    }
    cluster
        .nodes_but_heartbeats()
        .filter(|node| {
            CONTROL_PLANE
                .iter()
                .any(|label| node.metadata.labels.contains_key(label))
        })
        .filter_map(|node| {
            Some((
                Version::parse(&node.status.node_info.kubelet_version)?,
                node,
            ))
        })
        .max_by_key(|(version, _)| *version)
        .map(|(version, node)| {
            let path = "status.nodeInfo.kubeletVersion";
            (
                version,
                Evidence::field(
                    node.reference(),
                    path,
                    &node.status.node_info.kubelet_version,
                ),
            )
        })
}
