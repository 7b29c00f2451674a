use super::autoscaler_says::NO_MACHINE;
use super::unscheduled::{declined, is_failed_growth, waits};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Object, Pod};
use crate::model::{Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod found no room, and the node autoscaler says that no node group of its could help.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Normal
    /// reason: NotTriggerScaleUp
    /// message: "pod didn't trigger scale-up: 1 max node group size reached"
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    /// It waits after a failure, of which it told before:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Warning
    /// reason: FailedScaleUp
    /// message: "Node scale up in zones europe-west4-b associated with this pod failed: GCE quota exceeded. Pod is at risk of not being scheduled."
    /// lastTimestamp: "2026-01-01T11:50:00Z"
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e2, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Normal
    /// reason: NotTriggerScaleUp
    /// message: "pod didn't trigger scale-up: 3 in backoff after failed scale-up"
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Normal
    /// reason: NotTriggerScaleUp
    /// message: "pod didn't trigger scale-up: 1 max node group size reached"
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Raise the limit of the node group, or make the pod fit a group that can grow.
    ///
    /// # What it cannot know
    /// Limits that the autoscaler does not name.
    ///
    /// # Source
    /// Events NotTriggerScaleUp and FailedScaleUp of cluster-autoscaler.
    SCH032 "autoscaler-declined" {
        role: Symptom,
        severity: Critical,
        confidence: 0.90,
        reads: [Event, Pod],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !waits(pod) {
        return;
    }
    let Some(event) = declined(cluster, pod) else {
        return;
    };
    let top = cluster.top_of(pod);
    let title = format!("The node autoscaler adds no node for {top}");
    let explanation = format!("It says: {}.", safe_text(&event.message));
    sink.report(
        Sighting::of(top, title, explanation)
            .seen_on(pod.reference(), "template of")
            .evidence(event_evidence(event))
            .since(event.first_seen())
            .suggest(Suggestion::advice(if is_failed_growth(event) {
                NO_MACHINE
            } else {
                "Raise the maximum size of a node group that fits the pod"
            })),
    );
}
