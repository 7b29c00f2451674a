use std::collections::BTreeSet;

use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Event, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The scheduler removed a pod to make room for one of higher priority.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Normal
    /// reason: Preempted
    /// message: Preempted by pod 6d2e on node n1
    /// count: 1
    /// lastTimestamp: "2026-01-01T11:50:00Z"
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-2, namespace: shop, uid: p2}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Normal
    /// reason: Preempted
    /// message: Preempted by pod 6d2e on node n1
    /// count: 1
    /// lastTimestamp: "2026-01-01T09:50:00Z"
    /// ```
    ///
    /// # How to fix
    /// Give the pods that must stay a priority of their own, or add room.
    ///
    /// # What it cannot know
    /// Whether the higher priority was meant.
    ///
    /// # Source
    /// The scheduler's event Preempted.
    SCH025 "preempted" {
        role: Both,
        severity: Warning,
        confidence: 0.93,
        reads: [Event, Pod],
        maps_to: ["classic:scheduling"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for event in cluster.events_with_reason("Preempted") {
        if event.involved_object.kind == "Pod"
            && is_recent(cluster, event)
            && let Some(sighting) = sighting(cluster, event)
        {
            sink.report(sighting);
        }
    }
}

fn sighting<'a>(cluster: &Cluster<'a>, event: &'a Event) -> Option<Sighting> {
    let victim = &event.involved_object;
    // A workload whose pods are all ready again has lost nothing.
    let short = cluster
        .in_namespace::<Pod>(&victim.namespace)
        .find(|pod| pod.is_live() && !pod.is_ready() && is_sibling(pod, &victim.name))?;
    let by = preemptor(cluster, event);
    let victim_ref = ObjectRef::namespaced("v1", "Pod", &victim.namespace, &victim.name);
    let subject = by.map_or_else(|| victim_ref.clone(), |pod| cluster.top_of(pod));
    let who = by.map_or_else(
        || "a pod of higher priority".to_owned(),
        |_| subject.to_string(),
    );
    let whose = cluster.top_of(short);
    let mut sighting = Sighting::of(
        subject.clone(),
        format!("Pods of {whose} were preempted by {who}"),
        format!(
            "Pod {} was removed from its node to make room for a pod of higher priority, and its replacement is not ready.",
            victim.name
        ),
    )
    .identified_by("victim", whose.path())
    .evidence(event_evidence(event))
    .since(event.last_seen());
    if gives_way_by_choice(short) {
        sighting = sighting.at_most(Severity::Warning);
    }
    if let Some(pod) = by {
        for pod in [pod, short] {
            sighting = sighting.evidence(priority(pod));
        }
        sighting = sighting.suggest(Suggestion::advice(format!(
            "Give {whose} a priority class that is not below that of {subject}, take the class from {subject} (or let it preempt nobody: preemptionPolicy Never), or add a node"
        )));
    }
    Some(sighting.suggest(Suggestion::look(
        "Compare priorities",
        "kubectl get priorityclasses",
    )))
}

/// Whether somebody gave the pod a class below that of pods without any: one for what may be stopped at any time.
pub(super) fn gives_way_by_choice(pod: &Pod) -> bool {
    pod.spec.priority.is_some_and(|priority| priority < 0)
}

fn priority(pod: &Pod) -> Evidence {
    let class = pod.spec.priority_class_name.non_empty();
    Evidence::field(
        pod.reference(),
        "spec.priority",
        format!(
            "{}{}",
            pod.spec.priority.unwrap_or_default(),
            class.map_or_else(String::new, |class| format!(" ({class})"))
        ),
    )
}

/// The pod for which another was removed.
fn preemptor<'a>(cluster: &Cluster<'a>, event: &Event) -> Option<&'a Pod> {
    let uid = event
        .message
        .strip_prefix("Preempted by pod ")
        .and_then(|rest| rest.split(' ').next())?;
    cluster.all::<Pod>().find(|pod| pod.metadata.uid == uid)
}

/// Who took the room of a pod's siblings of late. Reads Event and Pod.
pub(super) fn preemptors_of(cluster: &Cluster<'_>, pod: &Pod) -> BTreeSet<ObjectRef> {
    cluster
        .events_with_reason("Preempted")
        .filter(|event| {
            let victim = &event.involved_object;
            victim.kind == "Pod"
                && victim.namespace == pod.metadata.namespace
                && is_sibling(pod, &victim.name)
                && is_recent(cluster, event)
        })
        .filter_map(|event| preemptor(cluster, event))
        .map(|by| cluster.top_of(by))
        .collect()
}

fn is_recent(cluster: &Cluster<'_>, event: &Event) -> bool {
    let window = cluster
        .thresholds_in(&event.metadata.namespace)
        .event_window;
    cluster.is_within(event.last_seen(), window)
}

/// Whether both pods have the name of one set.
fn is_sibling(pod: &Pod, victim: &str) -> bool {
    let stem = |name: &str| name.rsplit_once('-').map(|(stem, _)| stem.to_owned());
    stem(&pod.metadata.name) == stem(victim)
}
