use std::collections::BTreeSet;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{services_of, stands_for_users};
use crate::kubernetes::{HorizontalPodAutoscaler, Kind, Node, Object, PodDisruptionBudget};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A workload that serves can lose all of its pods at once: a drain may take every one of them, there is
    /// only one, or they all run on one node or in one zone.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: PodDisruptionBudget
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {replicas: 3, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ```
    /// ```yaml
    /// # listed: PodDisruptionBudget, HorizontalPodAutoscaler
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {replicas: 1, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// # Stays silent on
    /// A budget in the same namespace, by labels or expressions:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {replicas: 3, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ---
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop}
    /// spec: {maxUnavailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}
    /// ```
    /// One pod that nothing calls; and budgets that were not read:
    /// ```yaml
    /// # listed: HorizontalPodAutoscaler
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: worker, namespace: shop}
    /// spec: {replicas: 1, template: {metadata: {labels: {app: worker}}, spec: {containers: [{name: worker}]}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {replicas: 3, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ```
    ///
    /// # How to fix
    /// Run two pods or more, spread them over nodes and zones, and let a PodDisruptionBudget keep some of them.
    ///
    /// # What it cannot know
    /// Whether a pause matters to anybody.
    ///
    /// # Source
    /// `spec.replicas` of the workload, `spec.selector` of policy/v1 PodDisruptionBudget, `spec.nodeName` of its
    /// pods.
    HYG010 "availability-not-protected" {
        role: Root,
        severity: Info,
        confidence: 0.90,
        reads: [PodDisruptionBudget, HorizontalPodAutoscaler, Service, Node],
        maps_to: ["POP-206", "POP-1109"],
        profiles: [Hygiene],
        check: Workload(check),
    }
}

/// Where the zone of a node stands.
const ZONE: &str = "topology.kubernetes.io/zone";

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !stands_for_users(workload) || workload.is_batch() || matches!(workload, Workload::Pod(_)) {
        return;
    }
    match workload.wanted_replicas() {
        Some(1) => single(workload, cluster, sink),
        Some(more) if more >= 2 => {
            unprotected(workload, cluster, more, sink);
            together(workload, cluster, sink);
        }
        _ => {}
    }
}

fn unprotected<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, replicas: i64, sink: &mut Sink) {
    let namespace = workload.metadata().namespace.as_str();
    let protects = |budget: &PodDisruptionBudget| {
        let selector = budget.spec.selector.as_ref();
        selector.is_some_and(|selector| selector.matches(workload.pod_labels()))
    };
    if !cluster.is_complete(Kind::PodDisruptionBudget, namespace)
        || cluster
            .in_namespace::<PodDisruptionBudget>(namespace)
            .any(protects)
    {
        return;
    }
    let own = workload.reference();
    let budget = ObjectRef::namespaced("policy/v1", "PodDisruptionBudget", namespace, &own.name);
    sink.report(
        Sighting::of(
            own.clone(),
            format!("No PodDisruptionBudget protects {own}"),
            "Drains of several nodes at once may take all of its pods.",
        )
        .identified_by("fact", "budget")
        .evidence(Evidence::field(own, "spec.replicas", replicas))
        .evidence(Evidence::absence(
            budget,
            "no budget of the namespace selects its pods",
        ))
        .suggest(Suggestion::advice(
            "Make a PodDisruptionBudget with maxUnavailable: 1 for its pods",
        ))
        .grouped("budget", "workloads have no PodDisruptionBudget"),
    );
}

fn single<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let own = workload.reference();
    let namespace = workload.metadata().namespace.as_str();
    let is_scaled = |scaler: &HorizontalPodAutoscaler| {
        let target = &scaler.spec.scale_target_ref;
        target.kind == *own.kind && target.name == *own.name && scaler.spec.max_replicas > 1
    };
    let services = services_of(cluster, workload);
    let Some(service) = services.first() else {
        return;
    };
    if !cluster.is_complete(Kind::HorizontalPodAutoscaler, namespace)
        || cluster
            .in_namespace::<HorizontalPodAutoscaler>(namespace)
            .any(is_scaled)
    {
        return;
    }
    let called = service.reference();
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} serves with a single pod"),
            format!("While that pod is moved or replaced, {called} has no endpoint."),
        )
        .seen_on(called, "selects")
        .identified_by("fact", "single")
        .evidence(Evidence::field(own, "spec.replicas", 1))
        .suggest(Suggestion::advice(
            "Run two pods if the program can, or accept the pause",
        ))
        .grouped("single", "workloads serve with a single pod"),
    );
}

fn together<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let pods = cluster.pods_of(workload);
    let placed: Vec<_> = pods
        .iter()
        .filter(|pod| pod.is_live() && pod.is_scheduled())
        .collect();
    if placed.len() < 2 || !cluster.is_complete(Kind::Node, "") {
        return;
    }
    let nodes: BTreeSet<&str> = placed.iter().map(|pod| pod.node_name.as_str()).collect();
    let zone_of = |node: &str| {
        let node = cluster.get::<Node>("", node)?;
        node.metadata.labels.value(ZONE)
    };
    let usable = || {
        let all = cluster.all::<Node>();
        all.filter(|node| !node.spec.unschedulable && node.spec.taints.is_empty())
    };
    let zones: BTreeSet<Option<&str>> = nodes.iter().map(|node| zone_of(node)).collect();
    let all_zones: BTreeSet<&str> = usable()
        .filter_map(|node| node.metadata.labels.value(ZONE))
        .collect();
    let (word, on_what, place) = match (nodes.first(), zones.first()) {
        (Some(node), _) if nodes.len() == 1 && usable().count() >= 2 => ("node", "on node", *node),
        (_, Some(Some(zone))) if zones.len() == 1 && all_zones.len() >= 2 => {
            ("zone", "in zone", *zone)
        }
        _ => return,
    };
    let own = workload.reference();
    let proof = placed
        .iter()
        .take(3)
        .map(|pod| Evidence::field(pod.reference(), "spec.nodeName", &pod.node_name));
    sink.report(
        Sighting::of(
            own.clone(),
            format!("All {} pods of {own} are {on_what} {place}", placed.len()),
            format!("When that {word} fails, all of them go at once."),
        )
        .identified_by("fact", word)
        .all_evidence(proof)
        .suggest(Suggestion::advice(
            "Spread the pods with topologySpreadConstraints or pod anti-affinity",
        ))
        .grouped(
            word,
            format!("workloads have all their pods in the same {word}"),
        ),
    );
}
