use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PersistentVolume, PersistentVolumeClaim};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The claim of a volume is gone and the volume was kept. It is bound to no new claim before its
    /// reference to the old one is taken away, even to one of the same name.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1, creationTimestamp: "2026-01-01T01:00:00Z"}
    /// spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], storageClassName: manual, persistentVolumeReclaimPolicy: Retain, claimRef: {namespace: shop, name: data, uid: old}}
    /// status: {phase: Released}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: new}
    /// spec: {storageClassName: manual, accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec: {claimRef: {namespace: shop, name: data, uid: c1}}
    /// status: {phase: Bound}
    /// ```
    ///
    /// # How to fix
    /// Remove `spec.claimRef` to give the volume to a new claim, or delete the volume.
    ///
    /// # What it cannot know
    /// Whether the data are still wanted.
    ///
    /// # Source
    /// `status.phase` Released of core/v1 PersistentVolume.
    STO018 "persistent-volume-released" {
        role: Root,
        severity: Info,
        confidence: 0.90,
        reads: [PersistentVolume, PersistentVolumeClaim, StorageClass],
        maps_to: ["k8sgpt:Storage"],
        check: PersistentVolume(check),
    }
}

/// Seconds after which a volume that was let go is noticed.
const RELEASED_GRACE: i64 = 3600;

fn check<'a>(volume: &'a PersistentVolume, cluster: &Cluster<'a>, sink: &mut Sink) {
    if volume.status.phase != "Released" || volume.metadata.is_terminating() {
        return;
    }
    let Some(reference) = &volume.spec.claim_ref else {
        return;
    };
    let waiting = cluster
        .get::<PersistentVolumeClaim>(&reference.namespace, &reference.name)
        .filter(|claim| claim.metadata.uid != reference.uid && claims::is_pending(claim));
    let since = volume
        .status
        .last_phase_transition_time
        .or(volume.metadata.creation_timestamp);
    if waiting.is_none() && cluster.seconds_since(since) < RELEASED_GRACE {
        return;
    }
    let own = volume.reference();
    let old = format!("{}/{}", reference.namespace, reference.name);
    let title = match waiting {
        Some(_) => format!(
            "{own} is Released and still reserved for a deleted claim {old}; the new one cannot have it"
        ),
        None => format!("{own} is Released: its claim {old} is gone"),
    };
    let mut sighting = Sighting::of(
        own.clone(),
        title,
        "A Released volume is bound to no claim before its claimRef is removed.",
    )
    .severity(if waiting.is_some() {
        Severity::Warning
    } else {
        Severity::Info
    })
    .evidence(Evidence::field(own.clone(), "status.phase", "Released").at(since))
    .evidence(Evidence::field(own, "spec.claimRef.uid", &reference.uid));
    if let Some(claim) = waiting {
        sighting = sighting
            .seen_on(claim.reference(), "reserved for")
            .evidence(Evidence::field(
                claim.reference(),
                "metadata.uid",
                &claim.metadata.uid,
            ));
    }
    sink.report(sighting.suggest(Suggestion::run(
        "Let a new claim have the volume and its data",
        format!(
            "kubectl patch pv {} --type=json -p '[{{\"op\":\"remove\",\"path\":\"/spec/claimRef\"}}]'",
            volume.metadata.name
        ),
        crate::model::Risk::Medium,
    )));
}
