use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::stands_for_users;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A pod that should serve was made by hand: when its node goes, nothing makes it again.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: cache, namespace: shop, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {restartPolicy: Always, containers: [{name: cache}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// A pod of a kubelet, one that something owns, a run that ends, a pod to look around with:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: etcd-one, namespace: infra, annotations: {kubernetes.io/config.mirror: x}, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: agent-1, namespace: build, ownerReferences: [{apiVersion: acme.io/v1, kind: Build, name: b, uid: b}], creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: runner-x1, namespace: build, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {restartPolicy: Never, containers: [{name: build}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: shell, namespace: shop, labels: {run: shell}, creationTimestamp: "2026-01-01T11:30:00Z"}
    /// spec: {restartPolicy: Always, containers: [{name: shell}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Put its spec into a Deployment, or delete the pod.
    ///
    /// # What it cannot know
    /// Whether a program outside the cluster watches it and makes it again.
    ///
    /// # Source
    /// `metadata.ownerReferences` and `spec.restartPolicy` of core/v1 Pod.
    HYG011 "pod-without-controller" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [],
        maps_to: ["POP-208"],
        profiles: [Hygiene],
        check: Workload(check),
    }
}

/// Seconds for which a pod of `kubectl run` is there to look around with.
const LOOKING_AROUND: i64 = 3600;

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Workload::Pod(pod) = workload else {
        return;
    };
    let meta = &pod.metadata;
    let is_made_to_look = meta.labels.contains_key("run")
        && cluster.is_within(meta.creation_timestamp, LOOKING_AROUND);
    if !stands_for_users(workload)
        || workload.is_batch()
        || !meta.owner_references.is_empty()
        || is_made_to_look
    {
        return;
    }
    let own = workload.reference();
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} has no controller"),
            "When its node fails or is drained, nothing makes it again.",
        )
        .evidence(Evidence::field(own, "metadata.ownerReferences", "none"))
        .since(meta.creation_timestamp)
        .suggest(Suggestion::advice(
            "Put its spec into a Deployment, or delete it if nobody needs it",
        ))
        .grouped("all", "pods have no controller"),
    );
}
