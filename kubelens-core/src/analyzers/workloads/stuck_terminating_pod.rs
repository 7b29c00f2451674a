use super::long_grace::kept_for_hours;
use crate::analysis::{Shared, Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Kind, Node, Object, Pod};
use crate::model::{Evidence, ObjectRef, Risk, Severity, Suggestion};
use crate::snapshot::{Cluster, Lookup};

declare_analyzer! {
    /// # What it means
    /// A pod was deleted and does not go: a finalizer holds it, its node does not answer, or its
    /// containers cannot be ended. Or it serves no more, is given hours to end, and its workload makes no other until then.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, deletionTimestamp: "2026-01-01T11:30:00Z", finalizers: [shop.example/keep]}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ```
    /// Hours to end:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1}
    /// spec: {replicas: 1}
    /// status: {replicas: 1, readyReplicas: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: db-0
    ///   namespace: shop
    ///   uid: p1
    ///   deletionTimestamp: "2026-01-02T09:00:00Z"
    ///   deletionGracePeriodSeconds: 86400
    ///   ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]
    /// spec: {nodeName: n1, containers: [{name: db}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False"}]
    ///   containerStatuses: [{name: db, ready: false, state: {running: {startedAt: "2025-12-01T00:00:00Z"}}}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, deletionTimestamp: "2026-01-01T11:59:30Z"}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Bring back what must confirm the end: the controller behind the finalizer, or the node. For a
    /// node that is gone for good, delete its Node object.
    ///
    /// # What it cannot know
    /// Whether a container still runs on a node that does not answer.
    ///
    /// # Source
    /// `metadata.deletionTimestamp` (the grace period is already in it) and `finalizers`; kubelet events
    /// FailedKillPod, FailedPreStopHook.
    WRK030 "stuck-terminating-pod" {
        role: Both,
        severity: Warning,
        confidence: 0.90,
        reads: [Event, Node, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Pod(check),
    }
}

/// Why the pod does not go.
struct Reason {
    text: String,
    proof: Vec<Evidence>,
    node: Option<ObjectRef>,
    advice: Suggestion,
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(due) = pod.metadata.deletion_timestamp else {
        return;
    };
    if let Some(sighting) = kept_for_hours(cluster, pod) {
        sink.report(sighting);
        return;
    }
    if cluster.seconds_since(Some(due)) <= cluster.thresholds(&pod.metadata).terminating_grace {
        return;
    }
    let reason = by_finalizer(pod)
        .or_else(|| by_node(cluster, pod))
        .unwrap_or_else(|| by_kubelet(cluster, pod));
    let minutes = cluster.seconds_since(Some(due)) / 60;
    let own = pod.reference();
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} is stuck while it is deleted: {}", reason.text),
        format!(
            "It should have been gone {minutes} minutes ago. Until it is, its name, its volumes and its place stay taken."
        ),
    )
    .since(Some(due))
    .severity(Severity::Warning)
    .evidence(Evidence::field(own, "metadata.deletionTimestamp", due).at(Some(due)))
    .all_evidence(reason.proof)
    .suggest(reason.advice);
    if let Some(node) = reason.node {
        sighting = sighting.blames(node, "runs on");
    }
    sink.report(sighting.shared(finalizer_of_all(pod, cluster)));
}

/// One finalizer that holds several pods of a workload is one fault.
fn finalizer_of_all(pod: &Pod, cluster: &Cluster<'_>) -> Option<Shared> {
    let owner = cluster.top_of(pod);
    if pod.metadata.finalizers.is_empty() || owner.kind == Kind::Pod.as_str() {
        return None;
    }
    let names = pod.metadata.finalizers.join(", ");
    let shared = Shared::of_pods(
        owner.clone(),
        format!(" of {owner} are stuck while they are deleted: finalizer {names} is not removed"),
        "They should have been gone long ago. Until they are, their names, their volumes and their places stay taken.",
    );
    let advice = format!("Bring back the controller that has to remove finalizer {names}");
    Some(
        shared
            .told_apart_by(names)
            .suggest(Suggestion::advice(advice)),
    )
}

fn by_finalizer(pod: &Pod) -> Option<Reason> {
    let finalizers = &pod.metadata.finalizers;
    if finalizers.is_empty() {
        return None;
    }
    let names = finalizers.join(", ");
    Some(Reason {
        text: format!("finalizer {names} is not removed"),
        proof: vec![Evidence::field(
            pod.reference(),
            "metadata.finalizers",
            &names,
        )],
        node: None,
        advice: Suggestion::advice(format!(
            "Bring back the controller that has to remove finalizer {names}"
        )),
    })
}

fn by_node(cluster: &Cluster<'_>, pod: &Pod) -> Option<Reason> {
    let name = pod.node_name.non_empty()?;
    let reference = ObjectRef::cluster_scoped("v1", Kind::Node.as_str(), name);
    match cluster.look_up::<Node>("", name) {
        Lookup::Absent => Some(Reason {
            text: format!("its node {name} does not exist any more"),
            proof: vec![Evidence::absence(reference, "no such Node")],
            node: None,
            advice: Suggestion::run(
                "If that machine is gone for good, take the pod out of the API",
                format!(
                    "kubectl -n {} delete pod {} --force --grace-period=0",
                    pod.metadata.namespace, pod.metadata.name
                ),
                Risk::High,
            ),
        }),
        Lookup::Found(node) => {
            let ready = crate::kubernetes::condition(&node.status.conditions, "Ready")?;
            (!ready.is_true()).then(|| Reason {
                text: format!("node {name} is not ready, and only its kubelet can confirm the end"),
                proof: vec![Evidence::field(
                    node.reference(),
                    "status.conditions[Ready].status",
                    &ready.status,
                )],
                node: Some(reference),
                advice: Suggestion::look("See the node", format!("kubectl describe node {name}")),
            })
        }
        Lookup::Unknown(_) => None,
    }
}

fn by_kubelet<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Reason {
    let event = cluster.newest_event(
        pod,
        &["FailedKillPod", "FailedPreStopHook", "ExceededGracePeriod"],
    );
    let running: Vec<&str> = pod
        .containers()
        .filter(|container| container.is_running())
        .map(|container| &*container.spec.name)
        .collect();
    let text = match event {
        Some(event) => format!(
            "{} ({})",
            event.reason,
            crate::model::safe_text(&event.message)
        ),
        None if running.is_empty() => "its node does not confirm the end".to_owned(),
        None => format!("its containers still run ({})", running.join(", ")),
    };
    Reason {
        text,
        proof: event.map(event_evidence).into_iter().collect(),
        node: None,
        advice: Suggestion::look(
            "See the pod and its events",
            format!(
                "kubectl -n {} describe pod {}",
                pod.metadata.namespace, pod.metadata.name
            ),
        ),
    }
}
