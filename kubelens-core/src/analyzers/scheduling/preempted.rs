use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Event, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
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
        let is_preemption = event.involved_object.kind == "Pod";
        if is_preemption
            && cluster.is_within(
                event.last_seen(),
                cluster
                    .thresholds_in(&event.metadata.namespace)
                    .event_window,
            )
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
        .any(|pod| pod.is_live() && !pod.is_ready() && is_sibling(pod, &victim.name));
    if !short {
        return None;
    }
    let by = event
        .message
        .strip_prefix("Preempted by pod ")
        .and_then(|rest| rest.split(' ').next())
        .and_then(|uid| cluster.all::<Pod>().find(|pod| pod.metadata.uid == uid));
    let victim_ref = ObjectRef::namespaced("v1", "Pod", &victim.namespace, &victim.name);
    let subject = by.map_or_else(|| victim_ref.clone(), |pod| cluster.top_of(pod));
    let who = by.map_or_else(
        || "a pod of higher priority".to_owned(),
        |_| subject.to_string(),
    );
    let mut sighting = Sighting::of(
        subject,
        format!(
            "Pods of namespace {} were preempted by {who}",
            victim.namespace
        ),
        format!(
            "Pod {} was removed from its node to make room, and its replacement is not ready.",
            victim.name
        ),
    )
    .evidence(event_evidence(event))
    .since(event.last_seen());
    if let Some(pod) = by {
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.priority",
            pod.spec.priority.unwrap_or_default(),
        ));
    }
    Some(sighting.suggest(Suggestion::look(
        "Compare priorities",
        "kubectl get priorityclasses",
    )))
}

/// Whether both pods have the name of one set.
fn is_sibling(pod: &Pod, victim: &str) -> bool {
    let stem = |name: &str| name.rsplit_once('-').map(|(stem, _)| stem.to_owned());
    stem(&pod.metadata.name) == stem(victim)
}
