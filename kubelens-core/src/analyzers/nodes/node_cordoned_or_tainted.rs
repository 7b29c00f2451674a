use super::evicted_again::evicted_again;
use super::state::is_in_use;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::scheduling::unscheduled::adds_a_node;
use crate::kubernetes::{Node, Object, Pod};
use crate::model::{Evidence, Risk, Severity, Suggestion, counted};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node is closed to new pods (`kubectl cordon`). That is how maintenance begins; left in place,
    /// it takes the node's room away from the cluster. Or pods bear a NoExecute taint for a while only,
    /// and every node that they may use has it: they are evicted again and again.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec:
    ///   unschedulable: true
    ///   taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2026-01-01T10:00:00Z"}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, labels: {pool: batch}}
    /// spec: {taints: [{key: example.com/maintenance, effect: NoExecute, timeAdded: "2026-01-01T11:00:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: crawl-d, generateName: crawl-, namespace: web, uid: p4, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: crawl, uid: r1, controller: true}]}
    /// spec:
    ///   nodeName: n1
    ///   nodeSelector: {pool: batch}
    ///   tolerations: [{key: example.com/maintenance, operator: Exists, effect: NoExecute, tolerationSeconds: 90}]
    ///   containers: [{name: crawl}]
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: web}
    /// involvedObject: {kind: Pod, namespace: web, name: crawl-a, uid: p1}
    /// reason: TaintManagerEviction
    /// lastTimestamp: "2026-01-01T11:52:00Z"
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e2, namespace: web}
    /// involvedObject: {kind: Pod, namespace: web, name: crawl-b, uid: p2}
    /// reason: TaintManagerEviction
    /// lastTimestamp: "2026-01-01T11:54:00Z"
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e3, namespace: web}
    /// involvedObject: {kind: Pod, namespace: web, name: crawl-c, uid: p3}
    /// reason: TaintManagerEviction
    /// lastTimestamp: "2026-01-01T11:56:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec:
    ///   unschedulable: true
    ///   taints: [{key: ToBeDeletedByClusterAutoscaler, effect: NoSchedule}]
    /// ```
    ///
    /// # How to fix
    /// Open it again (`kubectl uncordon`) once the maintenance is over; take the taint off, or let the pods go elsewhere.
    ///
    /// # What it cannot know
    /// Whether somebody is at work on it.
    ///
    /// # Source
    /// `spec.unschedulable` of core/v1 Node and the taint node.kubernetes.io/unschedulable; events of
    /// the taint-eviction-controller.
    NOD008 "node-cordoned-or-tainted" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [Pod, Event, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["POP-711"],
        check: Node(check),
    }
}

/// The taint that goes with a cordon.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !is_in_use(node) {
        return;
    }
    for sighting in evicted_again(cluster, node) {
        sink.report(sighting);
    }
    if !node.spec.unschedulable {
        return;
    }
    let own = node.reference();
    let since = node
        .spec
        .taints
        .iter()
        .find(|taint| taint.key == UNSCHEDULABLE)
        .and_then(|taint| taint.time_added);
    let waiting = kept_waiting(cluster, node);
    let (severity, effect) = if waiting == 0 {
        (
            Severity::Info,
            "No new pods come to it; those on it run on.".to_owned(),
        )
    } else {
        (
            Severity::Warning,
            format!(
                "{} that it could take wait for a node.",
                counted(waiting, "pod")
            ),
        )
    };
    let duration = since.map_or_else(String::new, |since| format!(" since {since}"));
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} is cordoned: closed to new pods{duration}"),
            effect,
        )
        .severity(severity)
        .since(since)
        .evidence(Evidence::field(own, "spec.unschedulable", true).at(since))
        .suggest(Suggestion::run(
            "Open it again when the maintenance is over",
            format!("kubectl uncordon {}", node.metadata.name),
            Risk::Low,
        )),
    );
}

/// How many pods wait for a node of which this one is excluded for its cordon alone.
fn kept_waiting(cluster: &Cluster<'_>, node: &Node) -> usize {
    cluster
        .all::<Pod>()
        .filter(|pod| {
            !pod.is_scheduled()
                && pod.is_live()
                && cluster.age(&pod.metadata) > cluster.thresholds(&pod.metadata).pending_grace
                && !adds_a_node(cluster, pod)
        })
        .filter(|pod| {
            let says_so = pod.condition("PodScheduled").is_some_and(|scheduled| {
                scheduled.is_false() && scheduled.message.contains("unschedulable")
            });
            let only_the_cordon = pod
                .spec
                .untolerated_taints(node)
                .iter()
                .all(|taint| taint.key == UNSCHEDULABLE);
            says_so && only_the_cordon && pod.spec.selects_node(node)
        })
        .count()
}
