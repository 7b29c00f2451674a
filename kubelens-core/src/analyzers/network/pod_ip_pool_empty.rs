use super::sandbox_failure::{Part, failure, part};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Node, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node has no address left for new pods: they stay without network and do not start.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: node-1, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'Failed to create pod sandbox: plugin type="host-local" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.64.0.1-10.64.0.254'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: node-1, containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: PodReadyToStartContainers, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'no IP addresses available in range set'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Give the network plugin a larger range or the node fewer pods; free addresses that ended pods
    /// left behind.
    ///
    /// # What it cannot know
    /// Which addresses the plugin holds.
    ///
    /// # Source
    /// Events `FailedCreatePodSandBox` of the kubelet.
    NET070 "pod-ip-pool-empty" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Event, Node],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(failure) = failure(cluster, pod) else {
        return;
    };
    if part(&failure.event.message) != Part::Addresses || pod.node_name.is_empty() {
        return;
    }
    let node = ObjectRef::cluster_scoped(Kind::Node.api_version(), "Node", &pod.node_name);
    let subject = cluster
        .get::<Node>("", &pod.node_name)
        .map_or(node, Object::reference);
    let top = cluster.top_of(pod);
    let sighting = Sighting::of(
        subject.clone(),
        format!("{subject} has no IP address left for pods"),
        format!(
            "The network plugin cannot give pods of {top} an address on this node, so they do not start."
        ),
    )
    .seen_on(pod.reference(), "runs on")
    .evidence(failure.evidence())
    .evidence(Evidence::field(pod.reference(), "spec.nodeName", &pod.node_name))
    .suggest(Suggestion::advice(
        "Give the network plugin a larger range, or move pods off the node",
    ))
    .suggest(Suggestion::look(
        "Count the pods on the node",
        format!(
            "kubectl get pods --all-namespaces --field-selector spec.nodeName={}",
            pod.node_name
        ),
    ))
    .since(failure.event.first_seen());
    sink.report(sighting);
}
