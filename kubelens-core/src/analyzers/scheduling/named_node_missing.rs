use super::fit::{Blocker, named_node};
use super::unscheduled;
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod is tied to one node by its name, and there is no node of that name.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {kubernetes.io/hostname: n1}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeSelector: {kubernetes.io/hostname: n9}
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."}
    /// ```
    /// A node name that was written by hand never meets the scheduler:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Node
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {nodeName: n9, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {nodeName: n9, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # How to fix
    /// Take the name out, or correct it.
    ///
    /// # What it cannot know
    /// Whether the node is about to join.
    ///
    /// # Source
    /// `spec.nodeName` and label `kubernetes.io/hostname`.
    SCH012 "named-node-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check) and Pod(of_pod),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::NamedNode) {
        let name = match &waiting.fit.blocker {
            Blocker::NamedNode { name } => *name,
            _ => named_node(waiting.pod).unwrap_or_default(),
        };
        let path = if waiting.pod.spec.node_selector.is_empty() {
            "spec.affinity.nodeAffinity"
        } else {
            "spec.nodeSelector.kubernetes.io/hostname"
        };
        let sighting = sighting(cluster, &waiting.top, waiting.pod, name, path);
        waiting.report(cluster, sink, sighting);
    }
}

/// A pod that somebody wrote the node into: no scheduler looks at it.
fn of_pod(pod: &Pod, cluster: &Cluster<'_>, sink: &mut Sink) {
    let named_by_hand = pod.is_scheduled()
        && pod.is_live()
        && pod.status.phase == "Pending"
        && pod.status.container_statuses.is_empty()
        && pod.status.start_time.is_none();
    if named_by_hand
        && cluster.age(&pod.metadata) >= cluster.thresholds(&pod.metadata).pending_grace
        && cluster.look_up::<Node>("", &pod.node_name).is_absent()
    {
        let top = cluster.top_of(pod);
        sink.report(
            sighting(cluster, &top, pod, &pod.node_name, "spec.nodeName")
                .seen_on(pod.reference(), "template of")
                .since(pod.metadata.creation_timestamp),
        );
    }
}

fn sighting(cluster: &Cluster<'_>, top: &ObjectRef, pod: &Pod, name: &str, path: &str) -> Sighting {
    let near = cluster.near_names::<Node>("", name);
    let title = format!("{top} is tied to Node {name}, which does not exist");
    let known = some_of(
        cluster
            .all::<Node>()
            .map(|node| node.metadata.name.as_str()),
        5,
    );
    let explanation =
        format!("Its pods can run nowhere else: they name the node `{name}`. Nodes here: {known}.");
    let advice = near.first().map_or_else(
        || format!("Take the node name out of {top}"),
        |near| format!("Point {top} at `{near}`, or take the node name out"),
    );
    Sighting::of(top.clone(), title, explanation)
        .identified_by("node", name)
        .evidence(Evidence::field(pod.reference(), path, name))
        .evidence(Evidence::absence(
            ObjectRef::cluster_scoped("v1", "Node", name),
            &format!("no node of that name (nodes: {known})"),
        ))
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look("See the nodes", "kubectl get nodes"))
}
