use super::sandbox_failure::{Part, SandboxFailure, failure, part};
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
    .grouped("addresses", "nodes have no IP address left for pods")
    .all_evidence(range_of(cluster, &failure))
    .suggest(Suggestion::advice(advice(&failure.event.message)))
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

/// The range from which the node's pods get their addresses, where the plugin hands out one of the node's own.
fn range_of(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Option<Evidence> {
    let node = cluster.get::<Node>("", &failure.pod.node_name)?;
    let range = node.spec.pod_cidr.non_empty()?;
    let is_of_the_node = failure.event.message.contains("range set");
    is_of_the_node.then(|| Evidence::field(node.reference(), "spec.podCIDR", range))
}

/// Where the address comes from decides where room can be made: the cloud's subnet, or a range of the plugin's own.
fn advice(text: &str) -> &'static str {
    if text.contains("aws-cni") {
        "Free addresses in the subnet of the node or add a subnet; let the plugin take prefixes, or use a machine with more network interfaces"
    } else if text.contains("azure-vnet") || text.contains("InsufficientFreeAddressesInSubnet") {
        "Enlarge the subnet of the nodes, or move pods off the node"
    } else {
        "Give the network plugin a larger range, or move pods off the node; if far fewer pods run there than the range holds, the plugin has kept addresses of pods that are gone"
    }
}
