use super::shortage::{Shortage, shortage};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{DaemonSet, Node, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A DaemonSet has no ready pod on some of the nodes that it is for, or an update of it stands
    /// still. Which fault keeps a pod from being ready is told by the pod or its node; this finding
    /// folds into that.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: agent, namespace: ops, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 2, updatedNumberScheduled: 3}
    /// ```
    /// An update that stands still:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: agent, namespace: ops, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3, updatedNumberScheduled: 1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: agent-a, namespace: ops, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: d1, controller: true}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: agent, namespace: ops, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3, updatedNumberScheduled: 3}
    /// ```
    /// A node that has just joined:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: agent, namespace: ops, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 2, updatedNumberScheduled: 3}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n3, uid: n3, creationTimestamp: "2026-01-01T11:56:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: agent-a, namespace: ops, uid: p1, creationTimestamp: "2026-01-01T11:56:10Z", ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: d1, controller: true}]}
    /// spec: {nodeName: n3}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # How to fix
    /// Cure what its pods or their nodes show.
    ///
    /// # What it cannot know
    /// Why a pod without probes, events and logs is not ready.
    ///
    /// # Source
    /// `status.desiredNumberScheduled`, `numberReady` and `updatedNumberScheduled` of apps/v1
    /// DaemonSet.
    ROL011 "daemon-set-short" {
        role: Symptom,
        severity: Critical,
        confidence: 0.85,
        reads: [Pod, Node],
        maps_to: ["k8sgpt:DaemonSet"],
        check: DaemonSet(check),
    }
}

/// Seconds within which a node counts as one that is joining.
const NODE_YOUNG: i64 = 300;

fn check<'a>(set: &'a DaemonSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let status = &set.status;
    let counts = (status.desired_number_scheduled, status.number_ready);
    let workload = Workload::DaemonSet(set);
    match shortage(
        cluster,
        &workload,
        counts,
        cluster.thresholds(&set.metadata).avail_grace_sets,
    ) {
        Some(short) if !is_on_joining_nodes(cluster, &short) => {
            sink.report(short_of_pods(cluster, set, &short));
        }
        None if counts.1 >= counts.0 && is_update_stuck(cluster, set) => {
            sink.report(stuck(set));
        }
        _ => {}
    }
}

fn is_on_joining_nodes(cluster: &Cluster<'_>, short: &Shortage<'_>) -> bool {
    !short.late.is_empty()
        && short.late.iter().all(|pod| {
            cluster
                .get::<Node>("", &pod.node_name)
                .is_some_and(|node| cluster.age(&node.metadata) < NODE_YOUNG)
        })
}

fn short_of_pods<'a>(cluster: &Cluster<'a>, set: &'a DaemonSet, short: &Shortage<'a>) -> Sighting {
    let own = set.reference();
    // Without its network or storage agent, a node of the cluster does not work.
    let carries_the_node =
        set.metadata.namespace == "kube-system" && set.spec.template.spec.host_network;
    let severity = if carries_the_node {
        Severity::Critical
    } else {
        short.severity()
    };
    let mut sighting = short
        .sighting(cluster, &Workload::DaemonSet(set))
        .severity(severity)
        .evidence(Evidence::field(
            own.clone(),
            "status.numberReady",
            short.ready,
        ))
        .evidence(Evidence::field(
            own,
            "status.desiredNumberScheduled",
            short.wanted,
        ));
    for pod in short.late.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.nodeName",
            &pod.node_name,
        ));
    }
    sighting
}

fn is_update_stuck(cluster: &Cluster<'_>, set: &DaemonSet) -> bool {
    let status = &set.status;
    let newest_pod = cluster
        .controlled_pods(&set.metadata)
        .filter_map(|pod| pod.metadata.creation_timestamp)
        .max();
    status.updated_number_scheduled < status.desired_number_scheduled
        && newest_pod.is_some()
        && !cluster.is_within(
            newest_pod,
            cluster.thresholds(&set.metadata).progress_default,
        )
        && !cluster.is_within(
            set.metadata.last_write,
            cluster.thresholds(&set.metadata).progress_default,
        )
}

fn stuck(set: &DaemonSet) -> Sighting {
    let own = set.reference();
    let (updated, desired) = (
        set.status.updated_number_scheduled,
        set.status.desired_number_scheduled,
    );
    let by_hand = set.spec.update_strategy.type_ == "OnDelete";
    let (severity, why) = if by_hand {
        (
            Severity::Info,
            "With strategy OnDelete it updates a pod only after someone deletes it.",
        )
    } else {
        (Severity::Warning, "No pod was replaced for ten minutes.")
    };
    Sighting::of(
        own.clone(),
        format!("The update of {own} stands still at {updated} of {desired} pods"),
        why,
    )
    .severity(severity)
    .identified_by("update", "stuck")
    .evidence(Evidence::field(
        own.clone(),
        "status.updatedNumberScheduled",
        updated,
    ))
    .suggest(Suggestion::look(
        "See how far it is",
        format!(
            "kubectl -n {} rollout status daemonset/{} --watch=false",
            set.metadata.namespace, own.name
        ),
    ))
}
