use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Kind, Object, PersistentVolume, PersistentVolumeClaim};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim can only be bound to a volume that was made by hand, and none of those fits it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], storageClassName: manual}
    /// status: {phase: Available}
    /// ---
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: manual, uid: s1}
    /// provisioner: kubernetes.io/no-provisioner
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {storageClassName: manual, accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
    /// status: {phase: Pending}
    /// ```
    /// The volume that the claim names belongs to another one:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec: {capacity: {storage: 10Gi}, accessModes: [ReadWriteOnce], storageClassName: block, claimRef: {namespace: old, name: data, uid: c0}}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {volumeName: pv-1, storageClassName: block, accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// reason: FailedBinding
    /// message: 'volume "pv-1" already bound to a different claim.'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec: {capacity: {storage: 20Gi}, accessModes: [ReadWriteOnce], storageClassName: manual}
    /// status: {phase: Available}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {storageClassName: "", accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}, volumeName: pv-1}
    /// status: {phase: Bound}
    /// ```
    ///
    /// # How to fix
    /// Make a volume that fits, or correct the one field in which the nearest differs.
    ///
    /// # What it cannot know
    /// Which volume was meant.
    ///
    /// # Source
    /// The volume controller's matching; events FailedBinding and VolumeMismatch.
    STO020 "no-volume-fits-claim" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [PersistentVolumeClaim, PersistentVolume, StorageClass, Pod, Event],
        maps_to: ["k8sgpt:PersistentVolumeClaim"],
        check: PersistentVolumeClaim(check),
    }
}

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !claims::is_pending(claim)
        || cluster.age(&claim.metadata) < cluster.thresholds(&claim.metadata).young_grace
    {
        return;
    }
    let said = cluster.newest_event(claim, &["FailedBinding", "VolumeMismatch"]);
    let said = said.filter(|event| !event.message.contains("no storage class is set"));
    let is_static =
        is_static(cluster, claim) || said.is_some_and(|event| event.reason == "VolumeMismatch");
    let is_known = cluster.is_complete(Kind::PersistentVolume, "") || said.is_some();
    if !is_static || !is_known || waits_for_pod(cluster, claim) {
        return;
    }
    if claims::has_fitting_volume(cluster, claim) {
        return;
    }
    let pinned = claim.spec.volume_name.non_empty();
    if pinned.is_some_and(|name| cluster.get::<PersistentVolume>("", name).is_none()) {
        return;
    }
    let own = claim.reference();
    let users = claims::users(cluster, claim);
    let nearest = nearest(cluster, claim);
    let how = nearest.as_ref().map_or_else(
        || "there is no PersistentVolume at all that it could take".to_owned(),
        |(volume, differs)| format!("nearest is {}: {differs}", volume.metadata.name),
    );
    let (title, why) = match (pinned, &nearest) {
        (Some(name), Some((_, differs))) => (
            format!("{own} names PersistentVolume {name}, which it cannot take: {differs}"),
            "Its spec.volumeName is set, so no other volume is bound to it or made for it"
                .to_owned(),
        ),
        _ => (
            format!("No PersistentVolume fits {own}: {how}"),
            format!(
                "Its class `{}` makes no volumes by itself",
                claims::class_of(claim).unwrap_or_default()
            ),
        ),
    };
    let explanation = format!(
        "{why}; it asks for {}. {}",
        claims::asked(&claim.spec),
        claims::who_waits(cluster, &users)
    );
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .severity(claims::severity(&users))
        .evidence(Evidence::field(
            own,
            "spec.resources.requests.storage",
            claims::asked(&claim.spec),
        ))
        .all_evidence(said.map(event_evidence));
    if let Some((volume, differs)) = nearest {
        sighting = sighting
            .evidence(Evidence::field(volume.reference(), "spec", differs))
            .blames(volume.reference(), "nearest volume");
    }
    sink.report(
        claims::shown_by(sighting, claim, "claim")
            .suggest(Suggestion::advice(
                "Make a PersistentVolume that fits, or correct the field that differs",
            ))
            .suggest(Suggestion::look("See the volumes", "kubectl get pv")),
    );
}

/// Whether nobody makes volumes for the claim: no class is wanted, the class has no provisioner, or a
/// class of that name stands on volumes only.
fn is_static(cluster: &Cluster<'_>, claim: &PersistentVolumeClaim) -> bool {
    if !claim.spec.volume_name.is_empty() {
        return true;
    }
    match claims::class_of(claim) {
        None => false,
        Some("") => true,
        Some(name) => match claims::storage_class(cluster, claim) {
            Some(class) => class.provisioner == "kubernetes.io/no-provisioner",
            None => claims::has_volumes_by_hand(cluster, name),
        },
    }
}

/// With `WaitForFirstConsumer`, only a pod that looks for a node brings the claim to a volume.
fn waits_for_pod(cluster: &Cluster<'_>, claim: &PersistentVolumeClaim) -> bool {
    claims::awaits_consumer(cluster, claim)
        && !claims::users(cluster, claim).iter().any(|pod| {
            pod.condition("PodScheduled").is_some_and(|scheduled| {
                scheduled
                    .message
                    .contains("find available persistent volumes to bind")
            })
        })
}

/// The volume that fits best, and how it differs: one of the same class before others.
fn nearest<'a>(
    cluster: &Cluster<'a>,
    claim: &PersistentVolumeClaim,
) -> Option<(&'a PersistentVolume, String)> {
    let class = claims::class_of(claim).unwrap_or_default();
    let all: Vec<&PersistentVolume> = cluster.all::<PersistentVolume>().collect();
    let pinned = all
        .iter()
        .find(|volume| claim.spec.volume_name == volume.metadata.name.as_str());
    let free = |volume: &&&PersistentVolume| {
        volume.spec.claim_ref.is_none() && volume.status.phase != "Bound"
    };
    let volume = pinned
        .or_else(|| {
            all.iter()
                .filter(free)
                .find(|volume| volume.spec.storage_class_name == class)
        })
        .or_else(|| all.iter().find(free))
        .or_else(|| {
            all.iter()
                .find(|volume| volume.spec.storage_class_name == class)
        })?;
    Some((volume, claims::misfit(volume, claim)?))
}
