use super::state::is_in_use;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::scheduling::unscheduled::adds_a_node;
use crate::kubernetes::{Node, Object, Pod};
use crate::model::{Evidence, Risk, Severity, Suggestion, counted};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node is closed to new pods (`kubectl cordon`). That is how maintenance begins; left in place,
    /// it takes the node's room away from the cluster.
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
    /// Open it again (`kubectl uncordon`) once the maintenance is over.
    ///
    /// # What it cannot know
    /// Whether somebody is at work on it.
    ///
    /// # Source
    /// `spec.unschedulable` of core/v1 Node and the taint node.kubernetes.io/unschedulable.
    NOD008 "node-cordoned-or-tainted" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [Pod, Event],
        maps_to: ["POP-711"],
        check: Node(check),
    }
}

/// The taint that goes with a cordon.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !node.spec.unschedulable || !is_in_use(node) {
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
