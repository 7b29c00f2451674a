use super::advice::describe_pod;
use super::last_words::quoted;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Event, Object, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The node cannot make the sandbox of a pod: its network, its runtime or the sandbox image fails
    /// before any container starts.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Pending
    ///   conditions: [{type: PodReadyToStartContainers, status: "False"}]
    ///   containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Warning
    /// reason: FailedCreatePodSandBox
    /// message: 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox'
    /// count: 40
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// The sandbox was made since:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Pending
    ///   conditions: [{type: PodReadyToStartContainers, status: "True", lastTransitionTime: "2026-01-01T11:59:30Z"}]
    ///   containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Warning
    /// reason: FailedCreatePodSandBox
    /// message: 'Failed to create pod sandbox: rpc error'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Look at the network plugin's pod and the container runtime on the node.
    ///
    /// # What it cannot know
    /// What happens inside the network plugin.
    ///
    /// # Source
    /// Kubelet events FailedCreatePodSandBox, FailedPodSandBoxStatus; condition
    /// `PodReadyToStartContainers` (KEP-3085).
    WRK017 "sandbox-not-created" {
        role: Symptom,
        severity: Critical,
        confidence: 0.80,
        reads: [Event],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let has_sandbox = pod.is_ready_to_start_containers() || pod.is_ready();
    if !pod.is_live() || has_sandbox || pod.has_started_a_container() {
        return;
    }
    let event = cluster.current_event(pod, &["FailedCreatePodSandBox", "FailedPodSandBoxStatus"]);
    let waiting = pod.containers().find(|container| {
        matches!(
            container.waiting_reason(),
            "CreatePodSandboxError" | "ConfigPodSandboxError"
        )
    });
    if let Some(event) = event {
        sink.report(
            sighting(pod, cluster, &event.message, event_evidence(event)).since(first(event)),
        );
    } else if let Some(container) = waiting {
        let message = container
            .waiting()
            .map_or("", |waiting| waiting.message.as_str());
        let path = container.status_path("state.waiting.message");
        sink.report(sighting(
            pod,
            cluster,
            message,
            Evidence::message(pod.reference(), &path, message),
        ));
    }
}

fn first(event: &Event) -> Option<jiff::Timestamp> {
    event.first_seen()
}

fn sighting(pod: &Pod, cluster: &Cluster<'_>, message: &str, proof: Evidence) -> Sighting {
    let top = cluster.top_of(pod);
    let node = pod.node_name.non_empty().unwrap_or("its node");
    let title = format!("Pods of {top} get no sandbox on node {node}");
    let explanation = format!(
        "The node cannot make the pod's sandbox: {}.",
        quoted(message)
    );
    Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .evidence(proof)
        .evidence(Evidence::field(pod.reference(), "spec.nodeName", node))
        .suggest(describe_pod(pod))
}
