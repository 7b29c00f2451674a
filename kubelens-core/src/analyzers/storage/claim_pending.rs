use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Kind, Object, PersistentVolumeClaim};
use crate::model::Suggestion;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim has waited for a volume for longer than making one takes.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1}
    /// provisioner: disk.csi.example.com
    /// volumeBindingMode: Immediate
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {storageClassName: block}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # Stays silent on
    /// Its class waits for the first pod that uses it, as it should:
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
    /// ```
    ///
    /// # How to fix
    /// Read the events of the claim and the log of the provisioner.
    ///
    /// # What it cannot know
    /// Whether someone is about to make the volume by hand.
    ///
    /// # Source
    /// `status.phase` of core/v1 PersistentVolumeClaim; `volumeBindingMode` of storage/v1 StorageClass.
    STO001 "claim-pending" {
        role: Symptom,
        severity: Warning,
        confidence: 0.70,
        reads: [PersistentVolumeClaim, StorageClass, Pod, Event],
        maps_to: ["k8sgpt:PersistentVolumeClaim", "k8sgpt:Storage", "POP-1003"],
        check: PersistentVolumeClaim(check),
    }
}

/// Whether the class cannot be read, which may say that the claim is to wait for a pod, and no pod waits for it.
fn may_wait_by_design(cluster: &Cluster<'_>, claim: &PersistentVolumeClaim) -> bool {
    cluster.is_hidden(Kind::StorageClass, "") && claims::users(cluster, claim).is_empty()
}

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !claims::is_pending(claim)
        || cluster.age(&claim.metadata) < cluster.thresholds(&claim.metadata).claim_grace
        || claims::awaits_consumer(cluster, claim)
        || only_waits_for_a_pod(cluster, claim)
        || may_wait_by_design(cluster, claim)
    {
        return;
    }
    let own = claim.reference();
    let users = claims::users(cluster, claim);
    let newest = cluster.events_of(claim).next_back();
    let class = claims::class_of(claim).unwrap_or("none");
    let title = format!("{own} is Pending (class {class})");
    let explanation = format!(
        "No volume was bound to it ({}). {}",
        claims::asked(&claim.spec),
        claims::who_waits(cluster, &users)
    );
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .severity(claims::severity(&users))
        .all_evidence(newest.map(event_evidence))
        // Whatever else is wrong with the claim or its class explains that it waits.
        .blames(own, "claim");
    if class != "none" {
        sighting = sighting.blames(claims::class_reference(class), "storageClassName");
    }
    sink.report(
        claims::shown_by(sighting, claim, "claim").suggest(Suggestion::look(
            "Read the events of the claim",
            format!(
                "kubectl -n {} describe pvc {}",
                claim.metadata.namespace, claim.metadata.name
            ),
        )),
    );
}

/// Where the class cannot be read, the controller's words tell that it waits for a pod.
fn only_waits_for_a_pod<'a>(cluster: &Cluster<'a>, claim: &'a PersistentVolumeClaim) -> bool {
    !claims::has_selected_node(claim)
        && cluster.events_of(claim).next_back().is_some_and(|event| {
            matches!(
                event.reason.as_str(),
                "WaitForFirstConsumer" | "WaitForPodScheduled"
            )
        })
}
