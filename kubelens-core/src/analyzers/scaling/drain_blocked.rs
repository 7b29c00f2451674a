use super::budget::{never_allows, protected};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, Pod, PodDisruptionBudget};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node has been cordoned for a while and still holds pods whose budget allows no eviction
    /// now: whoever drains it waits. Pods that are not ready themselves use up the budget; with
    /// `unhealthyPodEvictionPolicy: AlwaysAllow` such pods would not block.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// spec:
    ///   unschedulable: true
    ///   taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2026-01-01T11:00:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-a, namespace: shop, uid: p1, labels: {app: web}}
    /// spec: {nodeName: n1}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ---
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
    /// status: {expectedPods: 2, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0}
    /// ```
    ///
    /// # Stays silent on
    /// A budget that allows an eviction:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// spec:
    ///   unschedulable: true
    ///   taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2026-01-01T11:00:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-a, namespace: shop, uid: p1, labels: {app: web}}
    /// spec: {nodeName: n1}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
    /// status: {expectedPods: 2, currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1}
    /// ```
    ///
    /// # How to fix
    /// Cure the pods that are not ready, or let the budget ignore them with `AlwaysAllow`.
    ///
    /// # What it cannot know
    /// Whether anybody still wants the node drained.
    ///
    /// # Source
    /// `spec.unschedulable` and its taint on Nodes; `status.disruptionsAllowed` of policy/v1
    /// PodDisruptionBudget.
    SCA035 "drain-blocked" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [
            Pod, Node, ReplicaSet, ReplicationController, Deployment, StatefulSet, DaemonSet, Job, CronJob,
        ],
        maps_to: [],
        check: PodDisruptionBudget(check),
    }
}

/// Seconds that a drain may take before it counts as stuck.
const DRAIN_GRACE: i64 = 600;

fn check<'a>(budget: &'a PodDisruptionBudget, cluster: &Cluster<'a>, sink: &mut Sink) {
    let status = &budget.status;
    // A budget that can never allow one has a rule of its own.
    if status.disruptions_allowed > 0
        || status.expected_pods == 0
        || budget.metadata.is_terminating()
        || never_allows(budget)
    {
        return;
    }
    let pods = protected(cluster, budget);
    let mut nodes: Vec<&Node> = pods
        .iter()
        .filter(|pod| pod.is_scheduled())
        .filter_map(|pod| cluster.get::<Node>("", &pod.node_name))
        .filter(|node| is_long_cordoned(cluster, node))
        .collect();
    nodes.sort_by_key(|node| &node.metadata.name);
    nodes.dedup_by_key(|node| &node.metadata.name);
    for node in nodes {
        sink.report(sighting(cluster, budget, node, &pods));
    }
}

fn is_long_cordoned(cluster: &Cluster<'_>, node: &Node) -> bool {
    let since = cordoned_since(node);
    node.spec.unschedulable && since.is_some() && !cluster.is_within(since, DRAIN_GRACE)
}

fn cordoned_since(node: &Node) -> Option<jiff::Timestamp> {
    node.spec
        .taints
        .iter()
        .find(|taint| taint.key == "node.kubernetes.io/unschedulable")
        .and_then(|taint| taint.time_added)
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    budget: &PodDisruptionBudget,
    node: &Node,
    pods: &[&'a Pod],
) -> Sighting {
    let (own, drained) = (budget.reference(), node.reference());
    let left = pods
        .iter()
        .filter(|pod| pod.node_name == node.metadata.name)
        .map(|pod| pod.metadata.name.as_str());
    let title = format!("{own} keeps {drained} from being drained");
    let explanation = format!(
        "The node is cordoned and still holds {}; the budget allows 0 evictions now.",
        some_of(left, 3)
    );
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .seen_on(drained.clone(), "keeps pods on")
        .identified_by("node", drained.name.as_str())
        .evidence(Evidence::field(
            own.clone(),
            "status.disruptionsAllowed",
            budget.status.disruptions_allowed,
        ))
        .evidence(Evidence::field(drained, "spec.unschedulable", true).at(cordoned_since(node)))
        .since(cordoned_since(node));
    let unready: Vec<&Pod> = pods.iter().copied().filter(|pod| !pod.is_ready()).collect();
    for pod in &unready {
        sighting = sighting.blames(cluster.top_of(pod), "protected by");
    }
    let policy = budget.spec.unhealthy_pod_eviction_policy.as_str();
    if !unready.is_empty() && policy != "AlwaysAllow" {
        sighting = sighting.suggest(Suggestion::advice(format!(
            "Set unhealthyPodEvictionPolicy: AlwaysAllow on {own}: pods that are not ready then do not block"
        )));
    }
    sighting.suggest(Suggestion::look(
        "See what is left on the node",
        format!(
            "kubectl get pods -A --field-selector spec.nodeName={}",
            node.metadata.name
        ),
    ))
}
