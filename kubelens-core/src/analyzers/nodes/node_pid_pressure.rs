use super::pressure::{self, Shortage};
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::Node;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node is short of process ids: no new pods come to it, and its kubelet evicts pods to get it back.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: PIDPressure, status: "True", reason: KubeletHasInsufficientPID, lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: PIDPressure, status: "False", lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Find the workload that starts processes without end, limit pids per pod, or raise the limit of the node.
    ///
    /// # What it cannot know
    /// Who took it, where neither an eviction nor metrics say it.
    ///
    /// # Source
    /// Condition `PIDPressure` of core/v1 Node, set by the kubelet's eviction manager.
    NOD005 "node-pid-pressure" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [
            Pod, Event, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob,
            ReplicationController,
        ],
        maps_to: ["k8sgpt:Node", "POP-706", "classic:node_health"],
        check: Node(check),
    }
}

const SHORTAGE: Shortage = Shortage {
    condition: "PIDPressure",
    words: "process ids",
    evicts_for: &["pids"],
    events: &[],
    advice: "Find the workload that starts processes without end, limit pids per pod, or raise the limit of the node",
};

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    pressure::check(&SHORTAGE, node, cluster, sink);
}
