use super::budget::{never_allows, protected};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::rollouts::progress::is_rolling;
use crate::kubernetes::{Condition, Deployment, Node, Object, Pod, PodDisruptionBudget, condition};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// Fewer pods are healthy than a budget demands, so it allows no eviction: drains of the nodes
    /// under its pods wait. It folds into whatever keeps the pods from being healthy.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
    /// status:
    ///   expectedPods: 3
    ///   currentHealthy: 1
    ///   desiredHealthy: 2
    ///   conditions: [{type: DisruptionAllowed, status: "False", reason: InsufficientPods, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// As many as are demanded: nothing is wrong, only nothing to spare:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
    /// status:
    ///   expectedPods: 3
    ///   currentHealthy: 2
    ///   desiredHealthy: 2
    ///   conditions: [{type: DisruptionAllowed, status: "False", reason: InsufficientPods, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Cure the pods that are not healthy.
    ///
    /// # What it cannot know
    /// Whether someone is about to drain a node.
    ///
    /// # Source
    /// `status` and condition `DisruptionAllowed` of policy/v1 PodDisruptionBudget.
    SCA031 "budget-exhausted" {
        role: Symptom,
        severity: Warning,
        confidence: 0.85,
        reads: [
            Pod, Node, ReplicaSet, ReplicationController, Deployment, StatefulSet, DaemonSet, Job, CronJob,
        ],
        maps_to: ["k8sgpt:PodDisruptionBudget"],
        check: PodDisruptionBudget(check),
    }
}

/// Seconds for which pods may be missing before it counts.
const EXHAUSTED_GRACE: i64 = 300;

fn check<'a>(budget: &'a PodDisruptionBudget, cluster: &Cluster<'a>, sink: &mut Sink) {
    let status = &budget.status;
    if budget.metadata.is_terminating()
        || status.current_healthy >= status.desired_healthy
        || never_allows(budget)
    {
        return;
    }
    let Some(allowed) = condition(&status.conditions, "DisruptionAllowed") else {
        return;
    };
    let is_lasting = allowed.is_false()
        && allowed.reason == "InsufficientPods"
        && !cluster.is_within(allowed.last_transition_time, EXHAUSTED_GRACE);
    if is_lasting {
        let unready: Vec<&Pod> = protected(cluster, budget)
            .into_iter()
            .filter(|pod| !pod.is_ready())
            .collect();
        if !are_rolled_out(cluster, &unready) {
            sink.report(sighting(cluster, budget, allowed, &unready));
        }
    }
}

/// The workloads whose pods it is about, whether or not they have any.
fn workloads_of<'a>(cluster: &Cluster<'a>, budget: &PodDisruptionBudget) -> Vec<Workload<'a>> {
    let Some(selector) = &budget.spec.selector else {
        return Vec::new();
    };
    let mut all = cluster.workloads_in(&budget.metadata.namespace);
    all.retain(|workload| selector.matches(workload.pod_labels()));
    all
}

/// Whether they are on their way with a rollout.
fn are_rolled_out(cluster: &Cluster<'_>, pods: &[&Pod]) -> bool {
    pods.first().is_some_and(|pod| {
        let top = cluster.top_of(pod);
        top.kind == "Deployment"
            && cluster
                .get::<Deployment>(&pod.metadata.namespace, &top.name)
                .is_some_and(|deployment| is_rolling(cluster, deployment))
    })
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    budget: &PodDisruptionBudget,
    allowed: &Condition,
    unready: &[&'a Pod],
) -> Sighting {
    let own = budget.reference();
    let status = &budget.status;
    let title = format!(
        "{own} allows no eviction: {} of {} pods that it demands are healthy",
        status.current_healthy, status.desired_healthy
    );
    let names = some_of(unready.iter().map(|pod| pod.metadata.name.as_str()), 3);
    let explanation = if unready.is_empty() {
        "Its other pods are missing.".to_owned()
    } else {
        format!("Not ready: {names}.")
    };
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .evidence(Evidence::field(
            own.clone(),
            "status.currentHealthy",
            status.current_healthy,
        ))
        .evidence(
            Evidence::field(own.clone(), "status.desiredHealthy", status.desired_healthy)
                .at(allowed.last_transition_time),
        )
        .since(allowed.last_transition_time);
    for pod in unready {
        sighting = sighting.blames(cluster.top_of(pod), "protected by");
        let node = cluster.get::<Node>("", &pod.node_name).filter(|node| {
            condition(&node.status.conditions, "Ready").is_some_and(|ready| !ready.is_true())
        });
        if let Some(node) = node {
            sighting = sighting.blames(node.reference(), "runs on");
        }
    }
    let namespace = budget.metadata.namespace.as_str();
    if unready.is_empty() {
        for workload in workloads_of(cluster, budget) {
            sighting = sighting.blames(workload.reference(), "protected by");
        }
    }
    sighting.suggest(Suggestion::look(
        "See which pods are not ready",
        format!(
            "kubectl -n {namespace} get pods -l '{}'",
            budget
                .spec
                .selector
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        ),
    ))
}
