use std::collections::BTreeMap;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Event;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// Two controllers of one namespace have the same selector, so each counts the other's pods as
    /// its own where no owner is set, and Services, budgets and autoscalers mix them up.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web-canary, namespace: shop, uid: d2, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {selector: {matchLabels: {app: web}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: test, uid: d2}
    /// spec: {selector: {matchLabels: {app: web}}}
    /// ```
    /// Owner and owned:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {selector: {matchLabels: {app: web}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// spec: {selector: {matchLabels: {app: web}}}
    /// ```
    ///
    /// # How to fix
    /// Give each its own label in selector and template; a selector cannot be changed in place, so
    /// the newer one is made anew.
    ///
    /// # What it cannot know
    /// Selectors that differ and still overlap are left out: they mostly work as meant.
    ///
    /// # Source
    /// `spec.selector` of apps/v1 controllers; events `SelectingAll` and `ConflictingController`.
    ROL014 "selectors-overlap" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Event],
        maps_to: ["POP-508"],
        check: Workload(refused) and Cluster(overlapping),
    }
}

fn refused<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    if workload.metadata().is_terminating() {
        return;
    }
    if let Some(event) = complaint(cluster, workload) {
        sink.report(said_by_controller(workload, event));
    }
}

fn overlapping(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut by_selector: BTreeMap<(&str, String), Vec<Workload<'_>>> = BTreeMap::new();
    for workload in cluster.selecting_workloads() {
        if let Some(selector) = workload.selector().filter(|selector| !selector.is_empty()) {
            let namespace = workload.metadata().namespace.as_str();
            let key = (namespace, selector.to_string());
            by_selector.entry(key).or_default().push(workload);
        }
    }
    for ((_, selector), mut same) in by_selector {
        same.sort_by_key(|workload| {
            let meta = workload.metadata();
            (meta.creation_timestamp, &meta.name)
        });
        if let [oldest, newer @ ..] = same.as_slice() {
            for workload in newer {
                sink.report(overlap(workload, oldest, &selector));
            }
        }
    }
}

fn complaint<'a>(cluster: &Cluster<'a>, workload: &Workload<'a>) -> Option<&'a Event> {
    let reasons = ["SelectingAll", "ConflictingController"];
    match workload {
        Workload::Deployment(object) => cluster.newest_event(*object, &reasons),
        Workload::StatefulSet(object) => cluster.newest_event(*object, &reasons),
        Workload::DaemonSet(object) => cluster.newest_event(*object, &reasons),
        Workload::ReplicaSet(object) => cluster.newest_event(*object, &reasons),
        _ => None,
    }
}

fn said_by_controller(workload: &Workload<'_>, event: &Event) -> Sighting {
    let own = workload.reference();
    let title = format!("The selector of {own} takes pods that are not its own");
    let explanation = "Its controller refuses to work with that selector.";
    Sighting::of(own, title, explanation)
        .identified_by("event", event.reason.as_str())
        .event(event)
        .suggest(Suggestion::advice(
            "Give the selector a label that only its own template has",
        ))
}

fn overlap(newer: &Workload<'_>, older: &Workload<'_>, selector: &str) -> Sighting {
    let (own, other) = (newer.reference(), older.reference());
    let title = format!("{own} and {other} select the same pods ({selector})");
    let explanation = "Services, budgets and autoscalers cannot tell their pods apart, and a pod without an owner may be taken by either.";
    Sighting::of(own.clone(), title, explanation)
        .identified_by("other", other.to_string())
        .evidence(Evidence::field(own.clone(), "spec.selector", selector))
        .evidence(Evidence::field(other, "spec.selector", selector))
        .suggest(Suggestion::advice(format!(
            "Make {own} anew with a label of its own in selector and template"
        )))
}
