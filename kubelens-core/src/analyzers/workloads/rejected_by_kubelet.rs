use super::advice::describe_pod;
use super::last_words::quoted;
use super::stopped_pod::{severity, stopped_at};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod came to a node and its kubelet refused to run it: no room, a device that is not healthy,
    /// a label, a system setting. The kubelet does not try again; a controller makes new pods that may
    /// meet the same.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Failed
    ///   reason: OutOfcpu
    ///   message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3500, capacity: 4000"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Failed, reason: Evicted, message: 'The node was low on resource: memory. '}
    /// ```
    ///
    /// # How to fix
    /// Let the scheduler choose the node (do not set `nodeName`), ask for what nodes have, or repair
    /// the device or setting on the node.
    ///
    /// # What it cannot know
    /// What the node had free at that moment.
    ///
    /// # Source
    /// `status.reason` of core/v1 Pod as the kubelet's admission handlers write it: OutOfcpu,
    /// NodeAffinity, UnexpectedAdmissionError, SysctlForbidden, TopologyAffinityError ...
    WRK040 "rejected-by-kubelet" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [],
        maps_to: [],
        check: Pod(check),
    }
}

/// Reasons of a kubelet that refuses a pod, besides those that begin with `OutOf`.
const REASONS: [&str; 15] = [
    "NodeAffinity",
    "NodePorts",
    "NodeName",
    "TaintToleration",
    "UnexpectedAdmissionError",
    "TopologyAffinityError",
    "SMTAlignmentError",
    "SysctlForbidden",
    "PodOSNotSupported",
    "PodOSSelectorNodeLabelDoesNotMatch",
    "InvalidNodeInfo",
    "SupplementalGroupsPolicyNotSupported",
    "PodLevelResourcesNotSupported",
    "InitContainerRestartPolicyForbidden",
    "PodLevelResourcesNotAdmittedReason",
];

/// Reasons that lie with the node: a device, or how its resources are laid out.
const OF_THE_NODE: [&str; 2] = ["UnexpectedAdmissionError", "TopologyAffinityError"];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let reason = pod.status.reason.as_str();
    let is_refusal = reason.starts_with("OutOf") || REASONS.contains(&reason);
    if pod.status.phase != "Failed" || !is_refusal || pod.metadata.is_terminating() {
        return;
    }
    if let Some(severity) = severity(cluster, pod) {
        sink.report(sighting(pod, cluster, severity));
    }
}

fn sighting(pod: &Pod, cluster: &Cluster<'_>, severity: Severity) -> Sighting {
    let top = cluster.top_of(pod);
    let reason = &pod.status.reason;
    let node = pod.node_name.non_empty().unwrap_or("a node");
    let is_of_the_node = OF_THE_NODE.contains(&reason.as_str()) && pod.is_scheduled();
    let subject = if is_of_the_node {
        ObjectRef::cluster_scoped("v1", Kind::Node.as_str(), node)
    } else {
        top.clone()
    };
    let advice = match reason.as_str() {
        "SysctlForbidden" => {
            "Take the sysctl out of the pod, or allow it on the node (kubelet allowedUnsafeSysctls)"
        }
        "NodeAffinity" | "NodeName" | "TaintToleration" => {
            "Make the node's labels and taints fit the pod, and let the scheduler choose the node"
        }
        _ if is_of_the_node => "Look at the device plugin and the resource managers of the node",
        _ => "Ask for no more than a node has free, and let the scheduler choose the node",
    };
    Sighting::of(
        subject,
        format!("Node {node} refuses pods of {top}: {reason}"),
        format!(
            "Its kubelet refused the pod for good: {}.",
            quoted(&pod.status.message)
        ),
    )
    .seen_on(
        pod.reference(),
        if is_of_the_node {
            "runs on"
        } else {
            "template of"
        },
    )
    .identified_by("reason", reason.as_str())
    .severity(severity)
    .since(stopped_at(pod))
    .evidence(Evidence::field(pod.reference(), "status.reason", reason))
    .evidence(Evidence::message(
        pod.reference(),
        "status.message",
        &pod.status.message,
    ))
    .evidence(Evidence::field(pod.reference(), "spec.nodeName", node))
    .suggest(Suggestion::advice(advice))
    .suggest(describe_pod(pod))
}
