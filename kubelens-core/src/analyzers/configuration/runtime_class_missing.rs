use std::collections::BTreeSet;

use super::missing_prerequisite::{self, Prerequisite};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::{Event, Kind, Node, Object, Pod, RuntimeClass};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, PodTrait, Workload};

declare_analyzer! {
    /// # What it means
    /// A workload asks for a RuntimeClass that does not exist, so the API server refuses its pods; or
    /// a node has no runtime for it, so its sandbox is not made. Where several nodes have none and none runs such a
    /// pod, it is told once, of the RuntimeClass.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: RuntimeClass
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2, template: {spec: {runtimeClassName: web-x, containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: ReplicaSet, namespace: shop, name: web-5d, uid: r1}
    /// reason: FailedCreate
    /// message: 'Error creating: pods "web-5d-" is forbidden: pod rejected: RuntimeClass "web-x" not found'
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ```
    /// A template that names it while its pods still run:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: RuntimeClass
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {runtimeClassName: web-x, containers: [{name: web}]}}}
    /// ```
    /// A node without a runtime for it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, runtimeClassName: gvisor, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "runsc" is configured'
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: RuntimeClass
    /// apiVersion: node.k8s.io/v1
    /// kind: RuntimeClass
    /// metadata: {name: web-x}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {runtimeClassName: web-x, containers: [{name: web}]}}}
    /// ```
    /// What could not be read is unknown, not missing:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {runtimeClassName: web-x, containers: [{name: web}]}}}
    /// ```
    ///
    /// # How to fix
    /// Create the RuntimeClass, or correct the name in the workload. The controller tries again by
    /// itself.
    ///
    /// # What it cannot know
    /// Why it is gone.
    ///
    /// # Source
    /// `runtimeClassName` of core/v1 PodSpec; the admission plugin RuntimeClass; `no runtime for "X"
    /// is configured` of containerd.
    CFG016 "runtime-class-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [
            RuntimeClass, Event, Node, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Pod,
        ],
        maps_to: [],
        check: Workload(named) and Cluster(refused),
    }
}

const NAMED: Prerequisite = Prerequisite {
    field: "runtimeClassName",
    name: |spec| &spec.runtime_class_name,
    refused: |refusal| match refusal {
        Refusal::RuntimeClassMissing { name } => Some(name),
        _ => None,
    },
};

fn named(workload: &Workload<'_>, cluster: &Cluster<'_>, sink: &mut Sink) {
    missing_prerequisite::named::<RuntimeClass>(workload, cluster, sink, &NAMED);
}

fn refused(cluster: &Cluster<'_>, sink: &mut Sink) {
    missing_prerequisite::refused::<RuntimeClass>(cluster, sink, &NAMED);
    for pod in cluster.pods_that(PodTrait::RuntimeClass) {
        if pod.is_live() && pod.is_scheduled() && !pod.is_ready_to_start_containers() {
            report_sandbox(cluster, pod, sink);
        }
    }
}

/// The handler that a node's runtime does not know.
static UNKNOWN_HANDLER: Pattern = Pattern::new(
    r#"no runtime for "([^"]+)" is configured|failed to find runtime handler (\S+)|RuntimeHandler "([^"]+)" not supported"#,
);

fn report_sandbox<'a>(cluster: &Cluster<'a>, pod: &'a Pod, sink: &mut Sink) {
    if let (Some((event, handler)), false) = (refusal(cluster, pod), pod.has_started_a_container())
    {
        sink.report(without_handler(cluster, pod, event, handler));
    }
}

/// The event by which the kubelet says that the runtime does not know a handler, and the handler.
fn refusal<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<(&'a Event, &'a str)> {
    cluster
        .events_of(pod)
        .rev()
        .filter(|event| event.reason == "FailedCreatePodSandBox")
        .find_map(|event| Some((event, UNKNOWN_HANDLER.first(&event.message)?)))
}

fn without_handler(cluster: &Cluster<'_>, pod: &Pod, event: &Event, handler: &str) -> Sighting {
    let class = pod.spec.runtime_class_name.as_str();
    let nodes = nodes_without(cluster, class);
    let (subject, title, whose) = if nodes.len() > 1 {
        let subject = cluster.get::<RuntimeClass>("", class).map_or_else(
            || ObjectRef::cluster_scoped(Kind::RuntimeClass.api_version(), "RuntimeClass", class),
            Object::reference,
        );
        let title = format!(
            "{subject} has no runtime `{handler}` on any of the {} nodes that its pods came to: it is not configured there",
            nodes.len()
        );
        (subject, title, "the nodes")
    } else {
        let node = cluster
            .get::<Node>("", &pod.node_name)
            .map_or_else(|| cluster.top_of(pod), Object::reference);
        let title = format!(
            "{node} has no runtime `{handler}` for RuntimeClass {class}: it is not configured there"
        );
        (node, title, "the node")
    };
    let explanation = format!(
        "The sandbox of pods with runtimeClassName {class} cannot be made there. RuntimeClasses may be limited to nodes that have the runtime (scheduling.nodeSelector)."
    );
    let mut sighting = Sighting::of(subject, title, explanation);
    for part in unwell_parts(cluster, pod, class) {
        sighting = sighting.blames(part, "installs the runtime");
    }
    sighting
        .seen_on(pod.reference(), "runs on")
        .identified_by("handler", handler)
        .evidence(Evidence::field(pod.reference(), "spec.runtimeClassName", class))
        .evidence(Evidence::field(pod.reference(), "spec.nodeName", &pod.node_name))
        .event(event)
        .suggest(Suggestion::advice(format!(
            "Install runtime {handler} on {whose}, or keep such pods on nodes that have it (scheduling.nodeSelector of RuntimeClass {class})"
        )))
}

/// The pods on the node that belong to what made the class, and that started and are not ready: one of them brings the
/// runtime.
fn unwell_parts(cluster: &Cluster<'_>, pod: &Pod, class: &str) -> Vec<ObjectRef> {
    let class = cluster.get::<RuntimeClass>("", class);
    let Some(maker) = class.and_then(|class| class.metadata.controller()) else {
        return Vec::new();
    };
    cluster
        .pods_on(&pod.node_name)
        .filter(|other| other.is_live() && !other.is_ready() && other.has_started_a_container())
        .filter(|other| {
            let top = cluster.top_of(other);
            top.kind == *maker.kind && top.name == *maker.name
        })
        .map(Object::reference)
        .collect()
}

/// The nodes whose runtime does not know the handler of the class; none where a pod of the class runs somewhere: then
/// the class is right, and the nodes lack something.
fn nodes_without<'a>(cluster: &Cluster<'a>, class: &str) -> BTreeSet<&'a str> {
    let pods = cluster.pods_that(PodTrait::RuntimeClass);
    let of_the_class: Vec<&Pod> = pods
        .map(|pod| &**pod)
        .filter(|pod| pod.spec.runtime_class_name == *class && pod.is_live())
        .collect();
    if of_the_class.iter().any(|pod| pod.has_started_a_container()) {
        return BTreeSet::new();
    }
    let refused = of_the_class
        .into_iter()
        .filter(|pod| pod.is_scheduled() && !pod.is_ready_to_start_containers())
        .filter(|pod| refusal(cluster, pod).is_some());
    refused.map(|pod| pod.node_name.as_str()).collect()
}
