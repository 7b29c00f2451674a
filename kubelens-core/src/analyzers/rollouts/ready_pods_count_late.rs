use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Deployment, Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A rollout stands though its new pods are ready: `minReadySeconds` is so long that they count as available only
    /// after hours, and until then no further pod is replaced.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 2, minReadySeconds: 86400, progressDeadlineSeconds: 90000}
    /// status: {replicas: 3, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 2}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-2, namespace: shop, uid: r2, creationTimestamp: "2026-01-01T09:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-2-x, namespace: shop, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-2, uid: r2, controller: true}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T09:00:10Z"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 2, minReadySeconds: 600}
    /// status: {replicas: 3, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 2}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-2, namespace: shop, uid: r2, creationTimestamp: "2026-01-01T11:54:00Z", ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-2-x, namespace: shop, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-2, uid: r2, controller: true}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:55:00Z"}]}
    /// ```
    ///
    /// # How to fix
    /// Set `minReadySeconds` to the seconds in which a bad pod shows itself.
    ///
    /// # What it cannot know
    /// Whether somebody wants to watch each pod for that long.
    ///
    /// # Source
    /// `spec.minReadySeconds`, `status.readyReplicas` and `status.availableReplicas` of apps/v1 Deployment.
    ROL021 "ready-pods-count-late" {
        role: Root,
        severity: Warning,
        confidence: 0.9,
        reads: [ReplicaSet, Pod],
        maps_to: [],
        check: Deployment(check),
    }
}

/// Seconds from which on such a time is long.
const LONG: i64 = 3600;

/// Seconds for which a ready pod may wait before the rollout counts as standing.
const STANDS: i64 = 1800;

fn check<'a>(deployment: &'a Deployment, cluster: &Cluster<'a>, sink: &mut Sink) {
    let (spec, status) = (&deployment.spec, &deployment.status);
    let wanted = spec.replicas.unwrap_or(1);
    let rolls = status.updated_replicas > 0 && status.updated_replicas < status.replicas;
    if spec.min_ready_seconds < LONG
        || spec.paused
        || deployment.metadata.is_terminating()
        || !rolls
        || status.ready_replicas < wanted
        || status.ready_replicas <= status.available_replicas
    {
        return;
    }
    let Some(newest) = cluster.newest_replica_set(&deployment.metadata) else {
        return;
    };
    let pods: Vec<&Pod> = cluster
        .controlled_pods(&newest.metadata)
        .filter(|pod| pod.is_live())
        .collect();
    // One that is not ready is another reason.
    if pods.is_empty() || pods.iter().any(|pod| !pod.is_ready()) {
        return;
    }
    let waits = |pod: &&Pod| {
        let since = pod.ready_since();
        cluster.has_lasted(since, STANDS) && cluster.is_within(since, spec.min_ready_seconds)
    };
    if let Some(pod) = pods.into_iter().find(waits) {
        sink.report(sighting(deployment, pod));
    }
}

fn sighting(deployment: &Deployment, pod: &Pod) -> Sighting {
    let own = deployment.reference();
    let (spec, status) = (&deployment.spec, &deployment.status);
    let seconds = spec.min_ready_seconds;
    let title = format!(
        "The rollout of {own} stands: a ready pod counts as available only after {seconds} s (minReadySeconds)"
    );
    let explanation = format!(
        "{} of {} pods have the newest template and are ready; no further one is replaced before they were ready for {} h.",
        status.updated_replicas,
        status.replicas,
        seconds / 3600
    );
    let since = pod.ready_since();
    Sighting::of(own.clone(), title, explanation)
        .evidence(Evidence::field(own.clone(), "spec.minReadySeconds", seconds))
        .evidence(Evidence::field(
            own.clone(),
            "status.availableReplicas",
            format!("{} of {} ready", status.available_replicas, status.ready_replicas),
        ))
        .evidence(
            Evidence::field(pod.reference(), "status.conditions[Ready].status", "True").at(since),
        )
        .since(since)
        .suggest(Suggestion::advice(format!(
            "Set minReadySeconds of {own} to the seconds in which a bad pod shows itself; pods that are ready longer count at once"
        )))
}
