use super::shortage::is_late;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, Pod, StatefulSet, condition};
use crate::model::{Evidence, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod of a StatefulSet is broken, and the template was changed or reverted since. A set with
    /// the policy `OrderedReady` waits for the broken pod to get ready before it replaces it, so the
    /// better template never reaches it: someone has to delete the pod.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, generation: 3}
    /// spec: {replicas: 2}
    /// status: {observedGeneration: 3, replicas: 2, readyReplicas: 1, currentRevision: db-5f, updateRevision: db-5f}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", labels: {controller-revision-hash: db-7c}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db, image: "db:2"}]}
    /// status:
    ///   phase: Pending
    ///   containerStatuses: [{name: db, state: {waiting: {reason: ImagePullBackOff}}}]
    /// ```
    ///
    /// # Stays silent on
    /// A pod of the newest template that is broken:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1}
    /// spec: {replicas: 2}
    /// status: {replicas: 2, readyReplicas: 1, currentRevision: db-5f, updateRevision: db-7c}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", labels: {controller-revision-hash: db-7c}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db, image: "db:2"}]}
    /// status:
    ///   phase: Pending
    ///   containerStatuses: [{name: db, state: {waiting: {reason: ImagePullBackOff}}}]
    /// ```
    ///
    /// # How to fix
    /// Delete the pod: the set makes it anew from the newest template.
    ///
    /// # What it cannot know
    /// Whether the newest template cures the fault.
    ///
    /// # Source
    /// `status.updateRevision` of apps/v1 StatefulSet, label `controller-revision-hash` of its pods;
    /// "Forced rollback" in the documentation of StatefulSet.
    ROL008 "stateful-update-stuck" {
        role: Symptom,
        severity: Critical,
        confidence: 0.92,
        reads: [Pod, Node],
        maps_to: [],
        check: StatefulSet(check),
    }
}

/// Seconds for which a pod may be unready before it counts as stuck.
const STUCK_GRACE: i64 = 120;

/// Why containers wait when what the template says about them does not work.
const FAULTS_OF_A_TEMPLATE: [&str; 8] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

fn check<'a>(set: &'a StatefulSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let status = &set.status;
    let is_settled = status.observed_generation >= set.metadata.generation;
    if set.metadata.is_terminating()
        || status.ready_replicas >= set.spec.replicas.unwrap_or(1)
        || status.update_revision.is_empty()
        || set.spec.pod_management_policy == "Parallel"
        || set.spec.update_strategy.type_ == "OnDelete"
        || !is_settled
    {
        return;
    }
    for pod in cluster.controlled_pods(&set.metadata) {
        let revision = pod.metadata.labels.value("controller-revision-hash");
        let is_outdated =
            revision.is_some_and(|revision| revision != status.update_revision.as_str());
        if is_outdated
            && pod.is_live()
            && !pod.is_ready()
            && is_late(cluster, pod, STUCK_GRACE)
            && !is_on_broken_node(cluster, pod)
            && let Some(fault) = fault(pod)
        {
            sink.report(sighting(set, pod, &fault));
        }
    }
}

/// What does not work, where it can be the template's doing.
fn fault(pod: &Pod) -> Option<String> {
    if !pod.is_scheduled() {
        return Some("Pending, without a node".to_owned());
    }
    pod.containers().find_map(|container| {
        let reason = container.waiting_reason();
        FAULTS_OF_A_TEMPLATE
            .contains(&reason)
            .then(|| format!("{}: {reason}", container.title()))
    })
}

fn is_on_broken_node(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    cluster.get::<Node>("", &pod.node_name).is_some_and(|node| {
        condition(&node.status.conditions, "Ready").is_some_and(|ready| !ready.is_true())
    })
}

fn sighting(set: &StatefulSet, pod: &Pod, fault: &str) -> Sighting {
    let own = set.reference();
    let meta = &pod.metadata;
    let severity = if set.status.ready_replicas == 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let title = format!(
        "{own} never replaces its broken pod {}: the pod is of an older template",
        meta.name
    );
    let explanation = format!(
        "The pod does not work ({fault}) and the template was changed or reverted since. A set with OrderedReady waits until the pod is ready before it updates it, which never happens."
    );
    let waiting = pod.containers().find_map(|container| {
        let waiting = container.waiting()?;
        let text = format!("{}: {}", waiting.reason, waiting.message);
        let path = container.status_path("state.waiting");
        Some(Evidence::message(pod.reference(), &path, &text))
    });
    let images = pod.spec.containers.first().map(|container| {
        Evidence::field(
            pod.reference(),
            "spec.containers[0].image",
            &container.image,
        )
    });
    Sighting::of(own.clone(), title, explanation)
        .seen_on(pod.reference(), "older template of")
        .severity(severity)
        .evidence(Evidence::field(
            pod.reference(),
            "metadata.labels[controller-revision-hash]",
            meta.labels
                .value("controller-revision-hash")
                .unwrap_or_default(),
        ))
        .evidence(Evidence::field(
            own,
            "status.updateRevision",
            &set.status.update_revision,
        ))
        .all_evidence(waiting)
        .all_evidence(images)
        .suggest(Suggestion::run(
            "Delete the pod: it comes back with the newest template",
            format!("kubectl -n {} delete pod {}", meta.namespace, meta.name),
            Risk::Medium,
        ))
}
