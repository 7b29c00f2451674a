use super::advice::describe_pod;
use super::last_words::quoted;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Object, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// New requests or limits of a running pod are not applied: its node cannot ever fit them
    /// (Infeasible), cannot now (Deferred), or failed to set them.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web, resources: {requests: {cpu: "64"}}}]}
    /// status:
    ///   phase: Running
    ///   conditions:
    ///   - {type: PodResizePending, status: "True", reason: Infeasible, message: "Node didn't have enough capacity: cpu, requested: 64000, capacity: 4000", lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: PodResizePending, status: "True", reason: Deferred, lastTransitionTime: "2026-01-01T11:58:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Ask for what the node has, or let the workload make a new pod elsewhere.
    ///
    /// # What it cannot know
    /// When the node will have room.
    ///
    /// # Source
    /// Conditions `PodResizePending` and `PodResizeInProgress` (KEP-1287); `status.resize` before 1.33.
    WRK041 "resize-not-applied" {
        role: Both,
        severity: Warning,
        confidence: 0.90,
        reads: [Event],
        maps_to: [],
        check: Pod(check),
    }
}

/// Seconds that a resize may be put off.
const DEFERRED_GRACE: i64 = 600;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() {
        return;
    }
    if let Some(condition) = pod
        .condition("PodResizePending")
        .filter(|pending| pending.is_true())
    {
        let is_late = cluster.seconds_since(condition.last_transition_time) > DEFERRED_GRACE;
        if condition.reason == "Infeasible" || (condition.reason == "Deferred" && is_late) {
            let proof = Evidence::message(
                pod.reference(),
                "status.conditions[PodResizePending]",
                &format!("{}: {}", condition.reason, condition.message),
            );
            sink.report(
                sighting(pod, cluster, &condition.reason, &condition.message, proof)
                    .since(condition.last_transition_time),
            );
        }
    } else if let Some(condition) = pod
        .condition("PodResizeInProgress")
        .filter(|progress| progress.is_true() && progress.reason == "Error")
    {
        let proof = Evidence::message(
            pod.reference(),
            "status.conditions[PodResizeInProgress]",
            &format!("Error: {}", condition.message),
        );
        sink.report(
            sighting(pod, cluster, "Error", &condition.message, proof)
                .since(condition.last_transition_time),
        );
    } else if pod.status.resize == "Infeasible" {
        let proof = Evidence::field(pod.reference(), "status.resize", &pod.status.resize);
        sink.report(sighting(pod, cluster, "Infeasible", "", proof));
    }
}

fn sighting<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    reason: &str,
    message: &str,
    proof: Evidence,
) -> Sighting {
    let top = cluster.top_of(pod);
    let said = if message.is_empty() {
        String::new()
    } else {
        format!(": {}", quoted(message))
    };
    let event = cluster.newest_event(pod, &["ResizeInfeasible", "ResizeError", "ResizeDeferred"]);
    Sighting::of(
        top.clone(),
        format!("New resources of {top} are not applied to its running pods ({reason})"),
        format!(
            "The kubelet of node {} does not resize the pod{said}.",
            pod.node_name
        ),
    )
    .seen_on(pod.reference(), "template of")
    .identified_by("reason", reason)
    .evidence(proof)
    .all_evidence(event.map(event_evidence))
    .suggest(describe_pod(pod))
}
