use super::shortage::shortage;
use crate::analysis::{Sink, declare_analyzer};
use crate::model::Evidence;
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A ReplicaSet or a ReplicationController that no Deployment manages has fewer ready pods than
    /// it wants. Which fault keeps them from being ready is told by the pods; this finding folds
    /// into that.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 2}
    /// status: {replicas: 2, readyReplicas: 1}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Deployment
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T10:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// spec: {replicas: 2}
    /// status: {replicas: 2, readyReplicas: 1}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ReplicationController
    /// metadata: {name: web, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 0}
    /// ```
    ///
    /// # How to fix
    /// Cure what its pods show.
    ///
    /// # What it cannot know
    /// Why a pod without probes, events and logs is not ready.
    ///
    /// # Source
    /// `spec.replicas` and `status.readyReplicas` of apps/v1 ReplicaSet and core/v1
    /// ReplicationController.
    ROL004 "replica-set-short" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [Node],
        maps_to: ["k8sgpt:ReplicaSet", "POP-1120"],
        check: Workload(check),
    }
}

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let ready = match workload {
        Workload::ReplicaSet(set) => set.status.ready_replicas,
        Workload::ReplicationController(controller) => controller.status.ready_replicas,
        _ => return,
    };
    let counts = (workload.wanted_replicas().unwrap_or(1), ready);
    if let Some(short) = shortage(
        cluster,
        workload,
        counts,
        cluster.thresholds(workload.metadata()).avail_grace,
    ) {
        let own = workload.reference();
        sink.report(
            short
                .sighting(cluster, workload)
                .evidence(Evidence::field(own.clone(), "status.readyReplicas", ready))
                .evidence(Evidence::field(own, "spec.replicas", short.wanted)),
        );
    }
}
