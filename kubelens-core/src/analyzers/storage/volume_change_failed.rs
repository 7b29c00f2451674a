use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Condition, Object, PersistentVolumeClaim, condition};
use crate::model::{Evidence, Severity, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim asks for more storage than its volume has, and growing the volume failed, is not possible
    /// or does not come to an end.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: block, volumeName: pv-1, resources: {requests: {storage: 20Gi}}}
    /// status: {phase: Bound, capacity: {storage: 10Gi}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Warning
    /// reason: VolumeResizeFailed
    /// message: 'resize volume "pv-1" failed: rpc error: code = OutOfRange desc = too large'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: block, volumeName: pv-1, resources: {requests: {storage: 10Gi}}}
    /// status: {phase: Bound, capacity: {storage: 10Gi}}
    /// ```
    ///
    /// # How to fix
    /// Act on what the driver says; restart the pod where the file system can only grow when mounted anew.
    ///
    /// # What it cannot know
    /// How large the storage system lets a volume become.
    ///
    /// # Source
    /// Conditions and `allocatedResourceStatuses` of core/v1 PersistentVolumeClaim; events of external-resizer.
    STO014 "volume-change-failed" {
        role: Root,
        severity: Warning,
        confidence: 0.92,
        reads: [PersistentVolumeClaim, StorageClass, Event],
        maps_to: [],
        check: PersistentVolumeClaim(check),
    }
}

/// Seconds that a file system may wait for a pod to mount it anew.
const PENDING_GRACE: i64 = 600;

/// Seconds that growing a volume may take.
const RESIZE_GRACE: i64 = 1800;

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if claim.status.phase != "Bound" || claim.metadata.is_terminating() {
        return;
    }
    let wanted = claim.spec.resources.requests.get("storage").copied();
    let has = claim.status.capacity.get("storage").copied();
    let (Some(wanted), Some(has)) = (wanted, has) else {
        return;
    };
    if has >= wanted {
        return;
    }
    let Some((what, proof, severity)) = fault(cluster, claim) else {
        return;
    };
    let own = claim.reference();
    let title = format!(
        "{own} cannot grow from {} to {}: {what}",
        has.human_bytes(),
        wanted.human_bytes()
    );
    let sighting = Sighting::of(
        own.clone(),
        title,
        "The volume stays as large as it was until this is resolved.",
    )
    .severity(severity)
    .evidence(Evidence::field(
        own.clone(),
        "spec.resources.requests.storage",
        wanted.human_bytes(),
    ))
    .evidence(Evidence::field(
        own,
        "status.capacity.storage",
        has.human_bytes(),
    ))
    .all_evidence(proof)
    .suggest(Suggestion::look(
        "Read the events of the claim",
        format!(
            "kubectl -n {} describe pvc {}",
            claim.metadata.namespace, claim.metadata.name
        ),
    ));
    sink.report(sighting);
}

type Fault = (String, Vec<Evidence>, Severity);

fn fault<'a>(cluster: &Cluster<'a>, claim: &'a PersistentVolumeClaim) -> Option<Fault> {
    by_event(cluster, claim)
        .or_else(|| by_condition(cluster, claim))
        .or_else(|| by_status(claim))
        .or_else(|| by_class(cluster, claim))
}

fn by_event<'a>(cluster: &Cluster<'a>, claim: &'a PersistentVolumeClaim) -> Option<Fault> {
    const FAILED: [&str; 3] = [
        "VolumeResizeFailed",
        "FileSystemResizeFailed",
        "VolumeModifyFailed",
    ];
    let event = cluster.events_of(claim).rev().find(|event| {
        event.is_warning()
            && (FAILED.contains(&event.reason.as_str()) || event.reason == "ExternalExpanding")
    })?;
    Some((
        safe_text(&event.message),
        vec![event_evidence(event)],
        Severity::Warning,
    ))
}

fn by_condition(cluster: &Cluster<'_>, claim: &PersistentVolumeClaim) -> Option<Fault> {
    let all = &claim.status.conditions;
    let holds = |type_: &str, grace: i64| -> Option<&Condition> {
        condition(all, type_)
            .filter(|condition| condition.is_true())
            .filter(|condition| cluster.seconds_since(condition.last_transition_time) >= grace)
    };
    let (condition, what) = holds("ControllerResizeError", 0)
        .or_else(|| holds("NodeResizeError", 0))
        .map(|condition| (condition, condition.message.to_string()))
        .or_else(|| {
            holds("FileSystemResizePending", PENDING_GRACE).map(|condition| {
                (
                    condition,
                    "the file system grows when a pod mounts it anew: restart the pod".to_owned(),
                )
            })
        })
        .or_else(|| {
            holds("Resizing", RESIZE_GRACE)
                .map(|condition| (condition, "resizing does not come to an end".to_owned()))
        })?;
    let text = format!("{}: {}", condition.type_, condition.message);
    let proof = Evidence::message(claim.reference(), "status.conditions", &text)
        .at(condition.last_transition_time);
    Some((safe_text(&what), vec![proof], Severity::Warning))
}

fn by_status(claim: &PersistentVolumeClaim) -> Option<Fault> {
    let status = claim.status.allocated_resource_statuses.value("storage")?;
    status.ends_with("Infeasible").then(|| {
        let proof = Evidence::field(
            claim.reference(),
            "status.allocatedResourceStatuses.storage",
            status,
        );
        (
            format!("the size is not feasible ({status})"),
            vec![proof],
            Severity::Warning,
        )
    })
}

fn by_class(cluster: &Cluster<'_>, claim: &PersistentVolumeClaim) -> Option<Fault> {
    let class = claims::storage_class(cluster, claim)?;
    (class.allow_volume_expansion != Some(true)).then(|| {
        let proof = Evidence::field(class.reference(), "allowVolumeExpansion", false);
        (
            format!(
                "StorageClass {} does not allow expansion",
                class.metadata.name
            ),
            vec![proof],
            Severity::Warning,
        )
    })
}
