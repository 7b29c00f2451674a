use std::collections::HashSet;

use super::state::{is_in_use, ready};
use crate::analysis::{Profile, Sighting, Sink, declare_analyzer};
use crate::analyzers::scheduling::fit::{CONTROL_PLANE, is_by_state};
use crate::analyzers::scheduling::unscheduled::has_node_autoscaler;
use crate::kubernetes::{Condition, Kind, Node, Object, Pod, Taint, Toleration};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node that is paid for and that nothing can use: it has a taint that no workload tolerates, or
    /// nothing but DaemonSets has run on it for a day and nothing here takes nodes away. That can be meant (a spare, a
    /// pool for later); an empty node is no fault, so only the profile `hygiene` tells of it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod, Deployment, StatefulSet, ReplicaSet, ReplicationController, Job, CronJob
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: gpu-1}
    /// spec: {taints: [{key: dedicated, value: ml, effect: NoSchedule}]}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T06:00:00Z"}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {tolerations: [{key: dedicated, value: batch, effect: NoSchedule}], containers: [{name: web}]}}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-12-31T06:00:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: proxy-x, namespace: kube-system, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: proxy, uid: d1, controller: true}]}
    /// spec: {nodeName: n2, containers: [{name: proxy}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod, Deployment, StatefulSet, ReplicaSet, ReplicationController, Job, CronJob
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: gpu-1}
    /// spec: {taints: [{key: dedicated, value: ml, effect: NoSchedule}]}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T06:00:00Z"}]}
    /// ---
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: train, namespace: ml}
    /// spec: {jobTemplate: {spec: {template: {spec: {tolerations: [{key: dedicated, operator: Exists}], containers: [{name: train}]}}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: cp-1}
    /// spec: {taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T06:00:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: new}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:40:00Z"}]}
    /// ```
    ///
    /// # How to fix
    /// Give the workloads that are meant for it a toleration, take the taint away, or give the node back.
    ///
    /// # What it cannot know
    /// What the node is kept for.
    ///
    /// # Source
    /// `spec.taints` of core/v1 Node, tolerations of all pod templates; pods by `spec.nodeName`.
    NOD036 "node-capacity-unusable" {
        role: Root,
        severity: Info,
        confidence: 0.60,
        reads: [Pod, Deployment, StatefulSet, ReplicaSet, ReplicationController, Job, CronJob, DaemonSet],
        maps_to: ["POP-700"],
        check: Node(check),
    }
}

/// Seconds for which a node may wait for its first pods, and for which it may have none.
const IDLE: i64 = 3600;
const EMPTY: i64 = 24 * 3600;

/// Kinds that hold templates of pods which could use a node.
const TEMPLATES: [Kind; 7] = [
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::ReplicaSet,
    Kind::ReplicationController,
    Kind::Job,
    Kind::CronJob,
];

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(ready) = ready(node).filter(|ready| ready.is_true()) else {
        return;
    };
    let taints = &node.spec.taints;
    let is_special = taints
        .iter()
        .any(|taint| CONTROL_PLANE.contains(&taint.key.as_str()) || is_by_state(taint));
    let lasts = |seconds: i64| cluster.seconds_since(ready.last_transition_time) >= seconds;
    let idle = lasts(IDLE);
    if is_special || node.spec.unschedulable || !idle || !is_in_use(node) {
        return;
    }
    if let Some(taint) = taints.iter().find(|taint| keeps_all_away(cluster, taint)) {
        sink.report(tainted(node, taint));
    } else if taints.is_empty()
        && lasts(EMPTY)
        && is_at_ease(node)
        && has_only_agents(cluster, node)
        && !has_node_autoscaler(cluster)
    {
        // A node with a taint is kept for something that may come.
        sink.report(empty(node, ready));
    }
}

/// Whether a node has no other trouble that keeps pods away: each condition but `Ready` tells of one.
fn is_at_ease(node: &Node) -> bool {
    let mut conditions = node.status.conditions.iter();
    conditions.all(|condition| condition.type_ == "Ready" || !condition.is_true())
}

/// Whether no workload tolerates the taint.
fn keeps_all_away(cluster: &Cluster<'_>, taint: &Taint) -> bool {
    let is_hard = matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
    let is_known = TEMPLATES
        .iter()
        .all(|kind| cluster.is_complete(*kind, "") && is_known_everywhere(cluster, *kind));
    if !is_hard || !is_known {
        return false;
    }
    let tolerations = cluster.once(Tolerations::of);
    !tolerations.0.iter().any(|one| one.tolerates(taint))
}

/// Every toleration of every workload but DaemonSets, which tolerate what they must and say nothing.
struct Tolerations(Vec<Toleration>);

impl Tolerations {
    fn of(cluster: &Cluster<'_>) -> Self {
        let mut all: HashSet<&Toleration> = HashSet::new();
        for pod in cluster.all::<Pod>() {
            let owner = pod.metadata.controller();
            let is_of_a_set =
                owner.is_some_and(|owner| matches!(owner.kind.as_str(), "DaemonSet" | "Node"));
            if !is_of_a_set {
                all.extend(pod.spec.tolerations.iter());
            }
        }
        for namespace in cluster.all_namespaces() {
            for workload in cluster.workloads_in(&namespace) {
                if !matches!(workload.kind(), Kind::DaemonSet | Kind::Pod) {
                    all.extend(workload.pod_spec().tolerations.iter());
                }
            }
        }
        Self(all.into_iter().cloned().collect())
    }
}

fn is_known_everywhere(cluster: &Cluster<'_>, kind: Kind) -> bool {
    let snapshot = cluster.snapshot();
    snapshot.scope().namespaces.is_empty() && snapshot.gaps().has_none(kind)
}

fn has_only_agents(cluster: &Cluster<'_>, node: &Node) -> bool {
    let is_known = cluster.is_complete(Kind::Pod, "") && is_known_everywhere(cluster, Kind::Pod);
    is_known
        && cluster
            .pods_on(&node.metadata.name)
            .filter(|pod| !pod.is_finished())
            .all(|pod| pod.is_static() || pod.is_of_daemon_set())
}

fn tainted(node: &Node, taint: &Taint) -> Sighting {
    let own = node.reference();
    Sighting::of(
        own.clone(),
        format!("{own} has taint {taint}, which no workload tolerates"),
        "Nothing but DaemonSets can run there.",
    )
    .identified_by("taint", taint.to_string())
    .evidence(Evidence::field(own.clone(), "spec.taints", taint).at(taint.time_added))
    .suggest(Suggestion::advice(format!(
        "Give the workloads that are meant for {own} a toleration of {taint}, or take the taint away"
    )))
}

fn empty(node: &Node, ready: &Condition) -> Sighting {
    let own = node.reference();
    Sighting::of(
        own.clone(),
        format!("{own} runs nothing but DaemonSets"),
        "It is ready and could take pods, and none are there: a spare, or a node too many.",
    )
    .only_in(Profile::Hygiene)
    .since(ready.last_transition_time)
    .grouped("idle", "nodes run nothing but DaemonSets")
    .evidence(
        Evidence::field(
            own.clone(),
            "status.conditions[Ready].status",
            &ready.status,
        )
        .at(ready.last_transition_time),
    )
    .suggest(Suggestion::look(
        "See what runs there",
        format!(
            "kubectl get pods --all-namespaces --field-selector spec.nodeName={}",
            node.metadata.name
        ),
    ))
}
