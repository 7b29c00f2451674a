use super::advice::describe_pod;
use super::eviction::{Eviction, Pressure, condition_of, parse};
use super::last_words::quoted;
use super::stopped_pod::{severity, stopped_at};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A kubelet stopped a pod because its node ran short of memory, disk or process ids. The node's
    /// own condition, where it still shows, explains this one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Failed
    ///   reason: Evicted
    ///   message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. Container web was using 900Mi, request is 128Mi, has larger consumption of memory. '
    ///   conditions: [{type: DisruptionTarget, status: "True", reason: TerminationByKubelet, lastTransitionTime: "2026-01-01T11:50:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// Long ago, and replaced since:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: web-1
    ///   namespace: shop
    ///   uid: p1
    ///   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r1, controller: true}]
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Failed
    ///   reason: Evicted
    ///   message: 'The node was low on resource: memory. '
    ///   conditions: [{type: DisruptionTarget, status: "True", lastTransitionTime: "2026-01-01T05:00:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: web-2
    ///   namespace: shop
    ///   uid: p2
    ///   ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r1, controller: true}]
    /// spec: {nodeName: n2, containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Give pods requests that fit what they use, so that nodes are not overfilled; make room on the
    /// node, or add one.
    ///
    /// # What it cannot know
    /// Which pod took the room, where the kubelet does not say it.
    ///
    /// # Source
    /// `status.reason` Evicted and `status.message` of core/v1 Pod, as the kubelet's eviction manager
    /// writes them.
    WRK038 "evicted-pod" {
        role: Symptom,
        severity: Warning,
        confidence: 0.95,
        reads: [],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.status.reason != "Evicted" || pod.metadata.is_terminating() {
        return;
    }
    let Some(severity) = severity(cluster, pod) else {
        return;
    };
    match parse(&pod.status.message) {
        Eviction::Pressure(pressure) if pod.is_scheduled() => {
            sink.report(by_pressure(pod, cluster, &pressure, severity));
        }
        Eviction::OwnLimit(_) => {}
        _ => sink.report(by_other(pod, cluster, severity)),
    }
}

fn by_pressure(
    pod: &Pod,
    cluster: &Cluster<'_>,
    pressure: &Pressure<'_>,
    severity: Severity,
) -> Sighting {
    let node = ObjectRef::cluster_scoped("v1", Kind::Node.as_str(), &pod.node_name);
    let top = cluster.top_of(pod);
    let resource = pressure.resource;
    let left = match (pressure.available, pressure.threshold) {
        (Some(available), Some(threshold)) => format!(": {available} left, {threshold} must be"),
        _ => String::new(),
    };
    let most = match (pressure.container, pressure.usage) {
        (Some(container), Some(usage)) => {
            let request = pressure.request.unwrap_or("nothing");
            format!(" Container `{container}` of {top} used {usage} and asks for {request}.")
        }
        _ => String::new(),
    };
    Sighting::of(
        node.clone(),
        format!("{node} evicts pods: low on {resource}{left}"),
        format!(
            "The kubelet stopped pods to get {resource} back ({}).{most}",
            condition_of(resource)
        ),
    )
    .seen_on(pod.reference(), "runs on")
    .identified_by("condition", condition_of(resource))
    .severity(severity)
    .since(stopped_at(pod))
    .evidence(
        Evidence::message(
            pod.reference(),
            "status.message",
            &format!("Evicted: {}", pod.status.message),
        )
        .at(stopped_at(pod)),
    )
    .suggest(Suggestion::look(
        "See what fills the node",
        format!("kubectl describe node {}", pod.node_name),
    ))
    .suggest(Suggestion::advice(format!(
        "Give {top} requests that fit what it uses, or make room on the node"
    )))
}

fn by_other(pod: &Pod, cluster: &Cluster<'_>, severity: Severity) -> Sighting {
    let top = cluster.top_of(pod);
    Sighting::of(
        top.clone(),
        format!("A pod of {top} was evicted"),
        format!("The kubelet stopped it: {}.", quoted(&pod.status.message)),
    )
    .seen_on(pod.reference(), "template of")
    .severity(severity)
    .since(stopped_at(pod))
    .evidence(Evidence::message(
        pod.reference(),
        "status.message",
        &format!("Evicted: {}", pod.status.message),
    ))
    .suggest(describe_pod(pod))
}
