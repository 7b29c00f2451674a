use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Object, PersistentVolume};
use crate::model::{Evidence, Severity, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A volume could not be deleted after its claim was gone, or never became available.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec: {persistentVolumeReclaimPolicy: Delete}
    /// status: {phase: Failed, message: 'rpc error: code = Internal desc = disk is in use'}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// status: {phase: Available}
    /// ```
    ///
    /// # How to fix
    /// Act on what the driver says, then delete the volume.
    ///
    /// # What it cannot know
    /// Whether the data are still wanted.
    ///
    /// # Source
    /// `status.phase` of core/v1 PersistentVolume; event VolumeFailedDelete.
    STO017 "persistent-volume-failed" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [PersistentVolume, Event],
        maps_to: ["k8sgpt:Storage", "POP-1001", "POP-1002"],
        check: PersistentVolume(check),
    }
}

/// Seconds that a new volume may be Pending.
const YOUNG: i64 = 120;

fn check<'a>(volume: &'a PersistentVolume, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_late = volume.status.phase == "Pending" && cluster.age(&volume.metadata) > YOUNG;
    if volume.status.phase != "Failed" && !is_late {
        return;
    }
    let own = volume.reference();
    let said = cluster.newest_event(volume, &["VolumeFailedDelete", "VolumeFailedRecycle"]);
    let why = volume
        .status
        .message
        .non_empty()
        .or_else(|| said.map(|event| event.message.as_str()))
        .map_or_else(String::new, |text| format!(": {}", safe_text(text)));
    let title = format!("{own} is {}{why}", volume.status.phase);
    let explanation = if is_late {
        "It is not usable yet, long after it was made."
    } else {
        "Its claim is gone and reclaiming it failed: it takes space and serves nobody."
    };
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .severity(Severity::Warning)
        .evidence(Evidence::field(
            own.clone(),
            "status.phase",
            &volume.status.phase,
        ))
        .all_evidence(said.map(event_evidence));
    if !volume.status.message.is_empty() {
        sighting = sighting.evidence(Evidence::message(
            own,
            "status.message",
            &volume.status.message,
        ));
    }
    sink.report(sighting.suggest(Suggestion::look(
        "Look at the volume",
        format!("kubectl describe pv {}", volume.metadata.name),
    )));
}
