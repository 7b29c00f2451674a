use super::stopped_pod::{severity, stopped_at};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod was taken away on purpose: for a pod of higher priority, by a taint, by the eviction API,
    /// with its node. Its controller makes another one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Failed
    ///   conditions:
    ///   - {type: DisruptionTarget, status: "True", reason: PreemptionByScheduler, message: "preempting to accommodate a higher priority pod", lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Nothing, if it was wanted. Give what must not go a higher priority, or a PodDisruptionBudget.
    ///
    /// # What it cannot know
    /// Who asked for an eviction.
    ///
    /// # Source
    /// Condition `DisruptionTarget` (KEP-3329); `status.reason` Terminated, NodeShutdown, Preempting.
    WRK044 "pod-disrupted-or-lost" {
        role: Symptom,
        severity: Info,
        confidence: 0.95,
        reads: [],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.status.phase != "Failed"
        || pod.status.reason == "Evicted"
        || pod.metadata.is_terminating()
    {
        return;
    }
    let condition = pod
        .condition("DisruptionTarget")
        .filter(|condition| condition.is_true());
    let by_node = matches!(
        pod.status.reason.as_str(),
        "Terminated" | "NodeShutdown" | "Preempting" | "NodeLost"
    );
    if (condition.is_none() && !by_node) || severity(cluster, pod).is_none() {
        return;
    }
    let (reason, message) = condition.map_or_else(
        || (pod.status.reason.as_str(), pod.status.message.as_str()),
        |condition| (condition.reason.as_str(), condition.message.as_str()),
    );
    let top = cluster.top_of(pod);
    let subject = if pod.is_scheduled() {
        ObjectRef::cluster_scoped("v1", Kind::Node.as_str(), &pod.node_name)
    } else {
        top.clone()
    };
    let sighting = Sighting::of(
        subject,
        format!("A pod of {top} was taken away ({reason})"),
        "Its controller makes another one where it has one.",
    )
    .seen_on(pod.reference(), "runs on")
    .identified_by("reason", reason)
    .severity(Severity::Info)
    .since(stopped_at(pod))
    .evidence(
        Evidence::message(
            pod.reference(),
            "status.conditions[DisruptionTarget]",
            &format!("{reason}: {message}"),
        )
        .at(stopped_at(pod)),
    )
    .suggest(Suggestion::look(
        "See the node",
        format!("kubectl describe node {}", pod.node_name),
    ));
    sink.report(sighting);
}
