use super::shortage::is_late;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, Pod, StatefulSet, condition};
use crate::model::{Evidence, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod of a StatefulSet is broken, and the template was changed or reverted since. A set with
    /// the policy `OrderedReady` waits for the broken pod to get ready before it replaces it, so the
    /// better template never reaches it: someone has to delete the pod. Or a partition keeps some of its pods on the
    /// older template for days, which is meant, or was forgotten: that is only a note.
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
    /// A partition that holds an update half way:
    /// ```yaml
    /// # now: 2026-01-05T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, generation: 3}
    /// spec: {replicas: 2, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}}
    /// status: {observedGeneration: 3, replicas: 2, readyReplicas: 2, updatedReplicas: 1, currentRevision: db-5f, updateRevision: db-7c}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", labels: {controller-revision-hash: db-7c}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db, image: "db:2"}]}
    /// status: {phase: Running}
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
    /// Delete the pod: the set makes it anew from the newest template. Take the partition away where the update is to
    /// go on.
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

/// Seconds for which an update may be tried on some of the pods before that is worth a note.
const TRIAL: i64 = 2 * 24 * 3600;

fn check<'a>(set: &'a StatefulSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let status = &set.status;
    let is_settled = status.observed_generation >= set.metadata.generation;
    if set.metadata.is_terminating()
        || status.update_revision.is_empty()
        || set.spec.update_strategy.type_ == "OnDelete"
        || !is_settled
    {
        return;
    }
    if status.ready_replicas >= set.spec.replicas.unwrap_or(1) {
        if let Some(held) = held_by_partition(cluster, set) {
            sink.report(held);
        }
        return;
    }
    if set.spec.pod_management_policy == "Parallel" {
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
            // What is wrong with the pod is in its state; that nothing mends it is the set's doing.
            sink.report(sighting(set, pod, &fault).names_its_cause());
        }
    }
}

/// A set of which a partition has kept some pods on the older template for long.
fn held_by_partition<'a>(cluster: &Cluster<'a>, set: &'a StatefulSet) -> Option<Sighting> {
    let status = &set.status;
    let partition = set
        .spec
        .update_strategy
        .rolling_update
        .as_ref()
        .and_then(|rolling| rolling.partition)?;
    let is_between = status.current_revision != status.update_revision
        && !status.current_revision.is_empty()
        && (1..status.replicas).contains(&status.updated_replicas);
    let updated = cluster
        .controlled_pods(&set.metadata)
        .filter(|pod| {
            pod.metadata.labels.value("controller-revision-hash")
                == Some(status.update_revision.as_str())
        })
        .filter_map(|pod| pod.metadata.creation_timestamp)
        .max();
    if partition < 1 || !is_between || cluster.seconds_since(updated) < TRIAL {
        return None;
    }
    let own = set.reference();
    let title = format!(
        "{own} is updated half way: partition {partition} keeps {} on the older template",
        counted_below(set, partition)
    );
    let explanation = format!(
        "{} of {} pods are of the newest template. The others follow when the partition is lowered.",
        status.updated_replicas, status.replicas
    );
    Some(
        Sighting::of(own.clone(), title, explanation)
            .severity(Severity::Info)
            .identified_by("fact", "partition")
            .since(updated)
            .evidence(Evidence::field(
                own.clone(),
                "spec.updateStrategy.rollingUpdate.partition",
                partition,
            ))
            .evidence(Evidence::field(
                own.clone(),
                "status.currentRevision",
                &status.current_revision,
            ))
            .evidence(
                Evidence::field(
                    own.clone(),
                    "status.updateRevision",
                    &status.update_revision,
                )
                .at(updated),
            )
            .evidence(Evidence::field(
                own,
                "status.updatedReplicas",
                status.updated_replicas,
            ))
            .suggest(Suggestion::advice(
                "Lower the partition to 0 if the update is to reach all pods",
            )),
    )
}

/// The ordinals that a partition holds: `ordinals 0 to 1`.
fn counted_below(set: &StatefulSet, partition: i64) -> String {
    let first = set.spec.ordinals.as_ref().map_or(0, |it| it.start);
    match partition - 1 {
        last if last > first => format!("ordinals {first} to {last}"),
        last => format!("ordinal {last}"),
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
