use super::budget::{
    demand, drain_proof, draining_nodes, forbids_all, never_allows, protected, refused_eviction,
};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Node, Object, Pod, PodDisruptionBudget};
use crate::model::{Evidence, Severity, Suggestion, counted, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A budget demands that all of its pods stay available, so no eviction is ever allowed: no node
    /// under them can be drained, and a cluster upgrade stops there. It is critical while such a node
    /// waits. While none does, it is only noted for a single pod, where there is no other choice, and for a budget that
    /// says "none" by itself (`maxUnavailable: 0`, `minAvailable: 100%`): that is meant, other than a number of pods
    /// that happens to be all of them.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {minAvailable: 3, selector: {matchLabels: {app: web}}}
    /// status: {expectedPods: 3, currentHealthy: 3, desiredHealthy: 3, disruptionsAllowed: 0}
    /// ```
    ///
    /// A node that an autoscaler wants to empty:
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
    /// status: {expectedPods: 1, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// spec: {taints: [{key: karpenter.sh/disrupted, effect: NoSchedule}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
    /// status: {expectedPods: 3, currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0}
    /// ```
    ///
    /// # How to fix
    /// Set `maxUnavailable: 1`, or run one replica more than `minAvailable`.
    ///
    /// # What it cannot know
    /// Whether the owner drains such nodes by hand, on purpose.
    ///
    /// # Source
    /// `spec` and `status` of policy/v1 PodDisruptionBudget.
    SCA030 "budget-never-allows-eviction" {
        role: Root,
        severity: Warning,
        confidence: 0.93,
        reads: [Pod, Node, Event],
        maps_to: ["k8sgpt:PodDisruptionBudget"],
        check: PodDisruptionBudget(check),
    }
}

/// Most pods that are named.
const MOST_PODS: usize = 3;

fn check<'a>(budget: &'a PodDisruptionBudget, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !budget.metadata.is_terminating() && never_allows(budget) {
        let pods = protected(cluster, budget);
        let draining = draining_nodes(cluster, &pods);
        let mut sighting = sighting(budget, &draining, &pods);
        for node in &draining {
            sighting = sighting
                .evidence(drain_proof(node))
                .all_evidence(refused_eviction(cluster, node, &pods).map(event_evidence));
        }
        sink.report(sighting.suggest(advice(budget)));
    }
}

fn sighting(budget: &PodDisruptionBudget, draining: &[&Node], pods: &[&Pod]) -> Sighting {
    let own = budget.reference();
    let expected = budget.status.expected_pods;
    let (path, value) = demand(budget);
    let field = path.trim_start_matches("spec.");
    let staying = || {
        let stays = |pod: &&&Pod| {
            let mut nodes = draining.iter();
            nodes.any(|node| pod.node_name == node.metadata.name)
        };
        let names = pods.iter().filter(stays);
        some_of(names.map(|pod| pod.metadata.name.as_str()), MOST_PODS)
    };
    let (severity, effect) = match draining {
        [node] => (
            Severity::Critical,
            format!(
                "{} is to be emptied, and its pods of this budget stay ({})",
                node.reference(),
                staying()
            ),
        ),
        [_, ..] => (
            Severity::Critical,
            format!(
                "nodes {} are to be emptied, and their pods of this budget stay ({})",
                some_of(draining.iter().map(|node| node.metadata.name.as_str()), 3),
                staying()
            ),
        ),
        [] if expected == 1 => (
            Severity::Info,
            "the node under it can only be drained after the budget was changed".to_owned(),
        ),
        [] if forbids_all(budget) => (
            Severity::Info,
            "nodes under them can only be drained after the budget was changed".to_owned(),
        ),
        [] => (
            Severity::Warning,
            "no node under them can be drained".to_owned(),
        ),
    };
    let title = format!(
        "{own} never allows an eviction: {field} is {value} for {}",
        counted(usize::try_from(expected).unwrap_or_default(), "pod")
    );
    let explanation = format!("Even with all pods healthy, 0 disruptions are allowed; {effect}.");
    Sighting::of(own.clone(), title, explanation)
        .severity(severity)
        .evidence(Evidence::field(own.clone(), path, value))
        .evidence(Evidence::field(
            own.clone(),
            "status.expectedPods",
            expected,
        ))
        .evidence(Evidence::field(
            own,
            "status.disruptionsAllowed",
            budget.status.disruptions_allowed,
        ))
}

fn advice(budget: &PodDisruptionBudget) -> Suggestion {
    let own = budget.reference();
    let more = if budget.status.expected_pods < 2 {
        ", and run at least two replicas"
    } else {
        ""
    };
    Suggestion::advice(format!("Let {own} spare one pod (maxUnavailable: 1){more}"))
}
