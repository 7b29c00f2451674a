use super::shortage::shortage;
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod, StatefulSet};
use crate::model::Evidence;
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A StatefulSet has fewer ready pods than it wants; a pod that runs and is not ready counts as
    /// missing. Which fault keeps it from being ready is told by the pod; this finding folds into
    /// that.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 3}
    /// status: {replicas: 3, readyReplicas: 2}
    /// ```
    ///
    /// # Stays silent on
    /// A pod that is still starting:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 3}
    /// status: {replicas: 1, readyReplicas: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:59:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// status: {phase: Pending}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
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
    /// `spec.replicas` and `status.readyReplicas` of apps/v1 StatefulSet.
    ROL006 "stateful-set-short" {
        role: Symptom,
        severity: Critical,
        confidence: 0.85,
        reads: [Pod, Node],
        maps_to: ["k8sgpt:StatefulSet", "POP-501"],
        check: StatefulSet(check),
    }
}

fn check<'a>(set: &'a StatefulSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let counts = (set.spec.replicas.unwrap_or(1), set.status.ready_replicas);
    let workload = Workload::StatefulSet(set);
    if let Some(short) = shortage(
        cluster,
        &workload,
        counts,
        cluster.thresholds(&set.metadata).avail_grace_sets,
    ) {
        let own = set.reference();
        let mut sighting = short.sighting(cluster, &workload);
        for pod in in_the_way(cluster, set, counts.0) {
            sighting = sighting.blames(pod.reference(), "takes the name of a pod of");
        }
        sink.report(
            sighting
                .evidence(Evidence::field(
                    own.clone(),
                    "status.readyReplicas",
                    short.ready,
                ))
                .evidence(Evidence::field(own, "spec.replicas", short.wanted)),
        );
    }
}

/// Pods that have the name of one of the set's own and belong to somebody else, or to nobody.
fn in_the_way<'a>(
    cluster: &Cluster<'a>,
    set: &'a StatefulSet,
    wanted: i64,
) -> impl Iterator<Item = &'a Pod> {
    let meta = &set.metadata;
    (0..wanted).filter_map(move |ordinal| {
        let name = format!("{}-{ordinal}", meta.name);
        let pod = cluster.get::<Pod>(&meta.namespace, &name)?;
        let owner = pod.metadata.controller();
        owner
            .is_none_or(|owner| owner.name != meta.name)
            .then_some(pod)
    })
}
