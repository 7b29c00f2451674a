use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Kind, LabelSelector, Object, PodDisruptionBudget, condition};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A budget protects nothing: its selector matches no pod and no template of its namespace, or
    /// its controller cannot tell how many pods there should be.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {minAvailable: 1, selector: {matchLabels: {app: webb}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 2, template: {metadata: {labels: {app: web}}}}
    /// ```
    /// A controller without a scale that a share could be taken of:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
    /// status:
    ///   conditions: [{type: DisruptionAllowed, status: "False", reason: SyncFailed, message: found no controller ref for pod "web", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// A workload that rests at zero:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 0, template: {metadata: {labels: {app: web}}}}
    /// ```
    /// Pods that could not be read are unknown:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {minAvailable: 1, selector: {matchLabels: {app: webb}}}
    /// ```
    ///
    /// # How to fix
    /// Correct the selector, or delete the budget.
    ///
    /// # What it cannot know
    /// Pods that only run now and then.
    ///
    /// # Source
    /// `spec.selector` and condition `DisruptionAllowed` of policy/v1 PodDisruptionBudget; events
    /// `CalculateExpectedPodCountFailed` and `UnmanagedPods`.
    SCA032 "budget-unfit" {
        role: Root,
        severity: Warning,
        confidence: 0.88,
        reads: [
            Pod, Event, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
        ],
        maps_to: ["POP-900"],
        check: PodDisruptionBudget(check),
    }
}

/// Seconds that whoever made the budget has to make its pods too.
const YOUNG_GRACE: i64 = 120;

fn check<'a>(budget: &'a PodDisruptionBudget, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &budget.metadata;
    if meta.is_terminating() || cluster.is_within(meta.creation_timestamp, YOUNG_GRACE) {
        return;
    }
    if let Some(proof) = failed_count(budget, cluster) {
        sink.report(uncountable(budget, proof));
    } else if budget.status.expected_pods == 0 && matches_nothing(budget, cluster) {
        sink.report(empty(budget, cluster));
    }
}

fn failed_count<'a>(budget: &'a PodDisruptionBudget, cluster: &Cluster<'a>) -> Option<Evidence> {
    let allowed = condition(&budget.status.conditions, "DisruptionAllowed")?;
    if !allowed.is_false() || allowed.reason != "SyncFailed" {
        return None;
    }
    let reasons = ["CalculateExpectedPodCountFailed", "UnmanagedPods"];
    let event = cluster.newest_event(budget, &reasons).map(event_evidence);
    Some(event.unwrap_or_else(|| {
        let text = format!("{}: {}", allowed.reason, allowed.message);
        let path = "status.conditions[DisruptionAllowed]";
        Evidence::message(budget.reference(), path, &text).at(allowed.last_transition_time)
    }))
}

fn matches_nothing(budget: &PodDisruptionBudget, cluster: &Cluster<'_>) -> bool {
    let namespace = budget.metadata.namespace.as_str();
    let Some(selector) = budget.spec.selector.as_ref() else {
        return false;
    };
    !selector.is_empty()
        && cluster.is_complete(Kind::Pod, namespace)
        && !cluster.hides_workloads(namespace)
        && !has_pod(cluster, namespace, selector)
        && !cluster
            .workloads_in(namespace)
            .iter()
            .any(|workload| selector.matches(workload.pod_labels()))
}

fn has_pod(cluster: &Cluster<'_>, namespace: &str, selector: &LabelSelector) -> bool {
    cluster
        .in_namespace::<crate::kubernetes::Pod>(namespace)
        .any(|pod| selector.matches(&pod.metadata.labels))
}

fn empty(budget: &PodDisruptionBudget, cluster: &Cluster<'_>) -> Sighting {
    let own = budget.reference();
    let namespace = budget.metadata.namespace.as_str();
    let selector = budget
        .spec
        .selector
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let title = format!("{own} protects nothing: no pod matches its selector {selector}");
    let mut labels: Vec<String> = cluster
        .workloads_in(namespace)
        .iter()
        .filter(|workload| !workload.is_batch())
        .flat_map(|workload| {
            let keys = budget
                .spec
                .selector
                .iter()
                .flat_map(|selector| selector.match_labels.keys());
            keys.filter_map(|key| {
                let value = workload.pod_labels().get(key)?;
                Some(format!("{key}={value}"))
            })
            .collect::<Vec<_>>()
        })
        .collect();
    labels.sort();
    labels.dedup();
    let there = if labels.is_empty() {
        "no workload of the namespace has a label of that key".to_owned()
    } else {
        format!("labels there: {}", some_of(&labels, 5))
    };
    let explanation = format!("Nodes can be drained as if the budget did not exist ({there}).");
    Sighting::of(own.clone(), title, explanation)
        .identified_by("selector", selector.as_str())
        .evidence(Evidence::field(own.clone(), "spec.selector", &selector))
        .evidence(Evidence::field(
            own.clone(),
            "status.expectedPods",
            budget.status.expected_pods,
        ))
        .suggest(Suggestion::look(
            "See which labels the pods have",
            format!("kubectl -n {namespace} get pods --show-labels"),
        ))
}

fn uncountable(budget: &PodDisruptionBudget, proof: Evidence) -> Sighting {
    let own = budget.reference();
    let title = format!("{own} cannot count the pods that it protects");
    let explanation = "No eviction is allowed while its controller cannot tell how many pods there should be: drains wait.";
    Sighting::of(own, title, explanation)
        .identified_by("sync", "failed")
        .evidence(proof)
        .suggest(Suggestion::advice(
            "For pods without a scalable controller, give minAvailable as a number",
        ))
}
