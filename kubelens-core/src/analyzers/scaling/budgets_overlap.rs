use std::collections::{BTreeMap, BTreeSet};

use super::budget::protected;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PodDisruptionBudget};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Two budgets protect the same pod. The eviction API answers such a pod with an error, whatever
    /// the budgets allow: its node cannot be drained.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
    /// ---
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: all, namespace: shop, uid: b2, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {maxUnavailable: 1, selector: {}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-a, namespace: shop, uid: p1, labels: {app: web}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop, uid: b1}
    /// spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
    /// ---
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: db, namespace: shop, uid: b2}
    /// spec: {maxUnavailable: 1, selector: {matchLabels: {app: db}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-a, namespace: shop, uid: p1, labels: {app: web}}
    /// ```
    ///
    /// # How to fix
    /// Leave one budget for each pod.
    ///
    /// # What it cannot know
    /// Which of the two is meant.
    ///
    /// # Source
    /// `spec.selector` of policy/v1 PodDisruptionBudget; the eviction API's "This pod has more than
    /// one PodDisruptionBudget".
    SCA033 "budgets-overlap" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [PodDisruptionBudget, Pod],
        maps_to: ["POP-209"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut by_namespace: BTreeMap<&str, Vec<&PodDisruptionBudget>> = BTreeMap::new();
    for budget in cluster.all::<PodDisruptionBudget>() {
        if !budget.metadata.is_terminating() {
            let namespace = budget.metadata.namespace.as_str();
            by_namespace.entry(namespace).or_default().push(budget);
        }
    }
    for mut budgets in by_namespace.into_values().filter(|all| all.len() > 1) {
        budgets.sort_by_key(|budget| {
            let meta = &budget.metadata;
            (meta.creation_timestamp, &meta.name)
        });
        report_overlaps(cluster, &budgets, sink);
    }
}

/// Reports each pair once, on the newer of the two, with the first pod that both protect.
fn report_overlaps<'a>(
    cluster: &Cluster<'a>,
    oldest_first: &[&'a PodDisruptionBudget],
    sink: &mut Sink,
) {
    let mut first_budget: BTreeMap<&str, &PodDisruptionBudget> = BTreeMap::new();
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for budget in oldest_first {
        for pod in protected(cluster, budget) {
            let name = pod.metadata.name.as_str();
            match first_budget.get(name) {
                None => {
                    first_budget.insert(name, budget);
                }
                Some(older) => {
                    let pair = (older.metadata.name.as_str(), budget.metadata.name.as_str());
                    if told.insert(pair) {
                        sink.report(sighting(budget, older, pod));
                    }
                }
            }
        }
    }
}

fn sighting(
    newer: &PodDisruptionBudget,
    older: &PodDisruptionBudget,
    pod: &crate::kubernetes::Pod,
) -> Sighting {
    let (own, other) = (newer.reference(), older.reference());
    let title = format!("{own} and {other} protect the same pods");
    let explanation = format!(
        "The eviction API refuses a pod that has more than one PodDisruptionBudget, whatever they allow: pod {} and its like have both, so their nodes cannot be drained.",
        pod.metadata.name
    );
    let selector = |budget: &PodDisruptionBudget| {
        let selector = budget.spec.selector.as_ref();
        match selector {
            Some(selector) if selector.is_empty() => "{} (all pods)".to_owned(),
            Some(selector) => selector.to_string(),
            None => String::new(),
        }
    };
    Sighting::of(own.clone(), title, explanation)
        .identified_by("other", other.name.as_str())
        .evidence(Evidence::field(own, "spec.selector", selector(newer)))
        .evidence(Evidence::field(other, "spec.selector", selector(older)))
        .evidence(Evidence::field(
            pod.reference(),
            "metadata.name",
            &pod.metadata.name,
        ))
        .suggest(Suggestion::advice(
            "Narrow one of the selectors, or delete one of the budgets",
        ))
}
