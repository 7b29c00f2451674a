use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PersistentVolumeClaim};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim waits for the scheduler to choose a node for its pod, and the pod's node was written by
    /// hand: the scheduler never looks at it, so the claim is never bound.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1}
    /// provisioner: disk.csi.example.com
    /// volumeBindingMode: WaitForFirstConsumer
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {storageClassName: block}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Pending}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1}
    /// provisioner: disk.csi.example.com
    /// volumeBindingMode: WaitForFirstConsumer
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {storageClassName: block}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec:
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Pending}
    /// ```
    ///
    /// # How to fix
    /// Use a node selector instead of `nodeName`.
    ///
    /// # What it cannot know
    /// Why the node was named.
    ///
    /// # Source
    /// `volumeBindingMode` of storage/v1 StorageClass; annotation `volume.kubernetes.io/selected-node`.
    STO030 "first-consumer-bypassed" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [PersistentVolumeClaim, StorageClass, Pod],
        maps_to: [],
        check: PersistentVolumeClaim(check),
    }
}

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !claims::is_pending(claim) || !claims::awaits_consumer(cluster, claim) {
        return;
    }
    for pod in claims::users(cluster, claim) {
        if !pod.is_scheduled()
            || pod.is_ready()
            || cluster.age(&pod.metadata) < cluster.thresholds(&pod.metadata).young_grace
        {
            continue;
        }
        let top = cluster.top_of(pod);
        let own = claim.reference();
        let title = format!("{top} sets nodeName, so {own} (WaitForFirstConsumer) is never bound");
        let explanation = format!(
            "The class binds the claim once the scheduler has chosen a node for the pod; with spec.nodeName {} the scheduler never sees it.",
            pod.node_name
        );
        sink.report(
            Sighting::of(top.clone(), title, explanation)
                .seen_on(pod.reference(), "template of")
                .identified_by("claim", claim.metadata.name.as_str())
                .evidence(Evidence::field(
                    pod.reference(),
                    "spec.nodeName",
                    &pod.node_name,
                ))
                .all_evidence(claims::evidence(claim))
                .since(pod.metadata.creation_timestamp)
                .suggest(Suggestion::advice(format!(
                    "In {top}, replace nodeName by nodeSelector kubernetes.io/hostname={}",
                    pod.node_name
                ))),
        );
    }
}
