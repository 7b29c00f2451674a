use super::drivers;
use super::mount_events::{self, Fault};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Node, Object, PersistentVolume, Pod, VolumeAttachment};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A volume cannot be attached to the node of a pod, or not detached from another one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: db-0, uid: p1}
    /// type: Warning
    /// reason: FailedAttachVolume
    /// message: 'AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = Internal desc = disk busy'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: VolumeAttachment
    /// metadata: {name: a1, uid: a1}
    /// spec: {attacher: disk.csi.example.com, nodeName: n1, source: {persistentVolumeName: pvc-1}}
    /// status: {attached: false, attachError: {message: disk busy, time: "2026-01-01T11:50:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: VolumeAttachment
    /// metadata: {name: a1, uid: a1}
    /// spec: {attacher: disk.csi.example.com, nodeName: n1, source: {persistentVolumeName: pvc-1}}
    /// status: {attached: true}
    /// ```
    ///
    /// # How to fix
    /// Act on what the driver says; an attachment to a node that is gone can be deleted.
    ///
    /// # What it cannot know
    /// What the storage system holds against it.
    ///
    /// # Source
    /// Event FailedAttachVolume; `attachError` and `detachError` of storage/v1 VolumeAttachment.
    STO008 "attach-failed" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [Pod, Event, PersistentVolumeClaim, PersistentVolume, VolumeAttachment, Node, Deployment, StatefulSet, DaemonSet, Lease],
        maps_to: ["k8sgpt:Pod"],
        check: VolumeAttachment(of_attachment) and Pod(of_pod),
    }
}

/// Seconds that attaching and detaching may take.
const DETACH_TIMEOUT: i64 = 360;

fn of_pod<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_scheduled() || pod.has_started_a_container() {
        return;
    }
    let Some(event) = mount_events::newest(cluster, pod, Fault::Attach) else {
        return;
    };
    let volume = mount_events::volume_name(&event.message).unwrap_or_default();
    let reason = safe_text(mount_events::reason(&event.message));
    let sighting = sighting(cluster, volume, &pod.node_name, &reason)
        .seen_on(pod.reference(), "attaches")
        .evidence(event_evidence(event))
        .since(event.first_seen());
    sink.report(sighting);
}

fn of_attachment(attachment: &VolumeAttachment, cluster: &Cluster<'_>, sink: &mut Sink) {
    let volume = attachment.spec.source.persistent_volume_name.as_str();
    let node = attachment.spec.node_name.as_str();
    let own = attachment.reference();
    if let Some(error) = attachment.status.attach_error.as_ref().filter(|error| {
        !attachment.status.attached
            && cluster.seconds_since(error.time)
                >= cluster.thresholds(&attachment.metadata).young_grace
    }) {
        let sighting = sighting(cluster, volume, node, &safe_text(&error.message))
            .seen_on(own.clone(), "attaches")
            .evidence(
                Evidence::message(own.clone(), "status.attachError.message", &error.message)
                    .at(error.time),
            );
        sink.report(with_driver(cluster, sighting, &attachment.spec.attacher));
        return;
    }
    let is_stuck = attachment.metadata.is_terminating()
        && cluster.seconds_since(attachment.metadata.deletion_timestamp) > DETACH_TIMEOUT;
    let node_is_gone = cluster.look_up::<Node>("", node).is_absent();
    if !is_stuck && !node_is_gone {
        return;
    }
    let why = attachment
        .status
        .detach_error
        .as_ref()
        .map(|error| safe_text(&error.message))
        .unwrap_or_default();
    let title = if node_is_gone {
        format!("Volume {volume} is still attached to Node {node}, which does not exist")
    } else {
        format!("Volume {volume} cannot be detached from Node {node}: {why}")
    };
    let mut sighting = Sighting::of(
        volume_reference(cluster, volume),
        title,
        "It can be attached nowhere else before that is done.",
    )
    .seen_on(own.clone(), "attached by")
    .severity(Severity::Warning)
    .identified_by("node", node)
    .evidence(Evidence::field(own.clone(), "spec.nodeName", node))
    .blames(ObjectRef::cluster_scoped("v1", "Node", node), "attached to");
    if let Some(error) = &attachment.status.detach_error {
        sighting = sighting.evidence(
            Evidence::message(own, "status.detachError.message", &error.message).at(error.time),
        );
    }
    sink.report(with_driver(cluster, sighting, &attachment.spec.attacher));
}

fn with_driver(cluster: &Cluster<'_>, sighting: Sighting, driver: &str) -> Sighting {
    match drivers::controller(cluster, driver) {
        Some(workload) => sighting.blames(workload.reference(), "attaches"),
        None => sighting,
    }
}

fn volume_reference(cluster: &Cluster<'_>, name: &str) -> ObjectRef {
    cluster.get::<PersistentVolume>("", name).map_or_else(
        || {
            ObjectRef::cluster_scoped(
                "v1",
                "PersistentVolume",
                if name.is_empty() { "unknown" } else { name },
            )
        },
        Object::reference,
    )
}

fn sighting(cluster: &Cluster<'_>, volume: &str, node: &str, reason: &str) -> Sighting {
    let subject = volume_reference(cluster, volume);
    let title = format!("{subject} cannot be attached to Node {node}: {reason}");
    let mut sighting = Sighting::of(
        subject,
        title,
        "Pods that use it wait in ContainerCreating until it is attached.",
    );
    for object in drivers::volumes_of_the_system(cluster, volume) {
        sighting = sighting.blames(object, "stores");
    }
    sighting
        .identified_by("node", node)
        .blames(ObjectRef::cluster_scoped("v1", "Node", node), "attached to")
        .suggest(Suggestion::look(
            "See the attachments and their errors",
            "kubectl describe volumeattachments",
        ))
}
