use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::scheduling::pod_volumes::claim_names;
use crate::kubernetes::{Object, PersistentVolumeClaim, Pod};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim was deleted and does not go, because a pod still uses it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, deletionTimestamp: "2026-01-01T11:00:00Z", finalizers: [kubernetes.io/pvc-protection]}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, deletionTimestamp: "2026-01-01T11:59:00Z", finalizers: [kubernetes.io/pvc-protection]}
    /// status: {phase: Bound}
    /// ```
    ///
    /// # How to fix
    /// Stop what uses the claim; it goes by itself then. Do not remove the finalizer while data are in use.
    ///
    /// # What it cannot know
    /// Whether the deletion was meant.
    ///
    /// # Source
    /// Finalizer `kubernetes.io/pvc-protection`.
    STO025 "claim-stuck-terminating" {
        role: Both,
        severity: Warning,
        confidence: 0.92,
        reads: [PersistentVolumeClaim, Pod],
        maps_to: [],
        check: PersistentVolumeClaim(check),
    }
}

/// Seconds that a deletion may take.
const TERMINATING_GRACE: i64 = 600;

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_stuck = claim.metadata.is_terminating()
        && cluster.seconds_since(claim.metadata.deletion_timestamp) >= TERMINATING_GRACE;
    if !is_stuck || claim.metadata.finalizers.is_empty() {
        return;
    }
    let own = claim.reference();
    let users: Vec<&Pod> = cluster
        .in_namespace::<Pod>(&claim.metadata.namespace)
        .filter(|pod| !pod.is_finished())
        .filter(|pod| claim_names(pod).any(|name| claim.metadata.name == name.as_str()))
        .collect();
    let names = some_of(
        users.iter().map(|pod| format!("Pod {}", pod.metadata.name)),
        3,
    );
    let finalizers = claim.metadata.finalizers.join(", ");
    let title = if users.is_empty() {
        format!("{own} is being deleted and held by finalizers {finalizers}")
    } else {
        format!("{own} is being deleted and still used by {names}")
    };
    let explanation =
        "It stays Terminating until nothing uses it, and no new pod can use it meanwhile.";
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .evidence(
            Evidence::field(own.clone(), "metadata.finalizers", finalizers)
                .at(claim.metadata.deletion_timestamp),
        )
        .since(claim.metadata.deletion_timestamp);
    for pod in users.iter().take(3) {
        sighting = sighting
            .evidence(Evidence::field(
                pod.reference(),
                "spec.volumes[*].persistentVolumeClaim.claimName",
                &claim.metadata.name,
            ))
            .blames(pod.reference(), "used by");
    }
    sink.report(sighting.suggest(Suggestion::look(
        "See what uses the claim",
        format!(
            "kubectl -n {} describe pvc {}",
            claim.metadata.namespace, claim.metadata.name
        ),
    )));
}
