use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PersistentVolume, PersistentVolumeClaim};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, Lookup};

declare_analyzer! {
    /// # What it means
    /// A claim was bound to a volume that is gone, or is pinned to one that does not exist.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: PersistentVolume
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {volumeName: pv-1}
    /// status: {phase: Lost}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {volumeName: pv-1}
    /// status: {phase: Bound}
    /// ```
    ///
    /// # How to fix
    /// Make the volume again from its data or a backup, or delete the claim and let a new one be bound.
    ///
    /// # What it cannot know
    /// Whether the data still exist in the storage system.
    ///
    /// # Source
    /// `status.phase` Lost and `spec.volumeName` of core/v1 PersistentVolumeClaim.
    STO006 "claim-lost" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [PersistentVolumeClaim, PersistentVolume, Pod],
        maps_to: ["k8sgpt:PersistentVolumeClaim", "k8sgpt:Storage", "POP-1004"],
        check: PersistentVolumeClaim(check),
    }
}

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if claim.metadata.is_terminating() {
        return;
    }
    let is_lost = claim.status.phase == "Lost";
    let volume = claim.spec.volume_name.as_str();
    let lookup = (!volume.is_empty()).then(|| cluster.look_up::<PersistentVolume>("", volume));
    let is_gone = matches!(lookup, Some(Lookup::Absent));
    if !is_lost && !is_gone {
        return;
    }
    let users = claims::users(cluster, claim);
    let own = claim.reference();
    let title = if volume.is_empty() {
        format!("{own} has lost its volume")
    } else if matches!(lookup, Some(Lookup::Found(_))) {
        format!("{own} has lost its volume {volume}: it belongs to another claim now")
    } else {
        format!("{own} has lost its volume: PersistentVolume {volume} does not exist")
    };
    let explanation = format!(
        "The claim names a volume that it does not have; its data cannot be mounted. {}",
        claims::who_waits(cluster, &users)
    );
    let mut sighting = Sighting::of(own.clone(), title, explanation).evidence(Evidence::field(
        own,
        "spec.volumeName",
        volume,
    ));
    if is_gone {
        sighting = sighting.evidence(Evidence::absence(
            ObjectRef::cluster_scoped("v1", "PersistentVolume", volume),
            "no volume of that name",
        ));
    }
    sink.report(
        claims::shown_by(sighting, claim, "claim")
            .suggest(Suggestion::advice(format!(
                "Restore PersistentVolume {volume} for the storage that holds the data, or delete the claim and start with a new one"
            )))
            .suggest(Suggestion::look("See the volumes", "kubectl get pv")),
    );
}
