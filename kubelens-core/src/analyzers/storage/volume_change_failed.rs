use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Condition, Event, Object, PersistentVolumeClaim, condition};
use crate::model::{Evidence, Severity, Suggestion, gist, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim asks for more storage than its volume has, and growing the volume failed, is not possible
    /// or does not come to an end. Or it asks for a VolumeAttributesClass, and the volume does not get that.
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
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: block, volumeName: pv-1, volumeAttributesClassName: gold, resources: {requests: {storage: 10Gi}}}
    /// status:
    ///   phase: Bound
    ///   capacity: {storage: 10Gi}
    ///   currentVolumeAttributesClassName: silver
    ///   modifyVolumeStatus: {status: Infeasible, targetVolumeAttributesClassName: gold}
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

/// Letters of a driver's words that a title repeats; the whole of them is in the evidence.
const MOST_LETTERS: usize = 160;

/// Seconds that growing a volume may take.
const RESIZE_GRACE: i64 = 1800;

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if claim.status.phase != "Bound" || claim.metadata.is_terminating() {
        return;
    }
    check_growth(claim, cluster, sink);
    check_modification(claim, cluster, sink);
}

fn check_growth<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
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
        "{own} cannot grow from {} to {}: {}",
        has.human_bytes(),
        wanted.human_bytes(),
        gist(&what, MOST_LETTERS)
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
        "ExternalExpanding",
    ];
    let event = newest_warning(cluster, claim, &FAILED)?;
    Some((
        safe_text(&event.message),
        vec![event_evidence(event)],
        Severity::Warning,
    ))
}

fn newest_warning<'a>(
    cluster: &Cluster<'a>,
    claim: &'a PersistentVolumeClaim,
    reasons: &[&str],
) -> Option<&'a Event> {
    cluster
        .events_of(claim)
        .rev()
        .find(|event| event.is_warning() && reasons.contains(&event.reason.as_str()))
}

/// The volume keeps its old attributes: another class is asked for, and the driver or its resizer says why that
/// does not come.
fn check_modification<'a>(
    claim: &'a PersistentVolumeClaim,
    cluster: &Cluster<'a>,
    sink: &mut Sink,
) {
    let wanted = claim.spec.volume_attributes_class_name.as_str();
    let current = claim.status.current_volume_attributes_class_name.as_str();
    if wanted.is_empty() || wanted == current {
        return;
    }
    let Some((what, proof)) = modification_fault(cluster, claim) else {
        return;
    };
    let own = claim.reference();
    let keeps = if current.is_empty() {
        "its old attributes".to_owned()
    } else {
        format!("class {current}")
    };
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} does not get VolumeAttributesClass {wanted}: {}",
            gist(&what, MOST_LETTERS)
        ),
        format!("The volume goes on with {keeps} until this is resolved."),
    )
    .identified_by("class", wanted)
    .evidence(Evidence::field(
        own.clone(),
        "spec.volumeAttributesClassName",
        wanted,
    ))
    .all_evidence(proof);
    if !current.is_empty() {
        sighting = sighting.evidence(Evidence::field(
            own,
            "status.currentVolumeAttributesClassName",
            current,
        ));
    }
    sink.report(
        sighting
            .suggest(Suggestion::advice(format!(
                "Create VolumeAttributesClass {wanted} as the driver can meet it, or name another in the claim"
            )))
            .suggest(Suggestion::look(
                "See which classes there are",
                "kubectl get volumeattributesclasses",
            )),
    );
}

/// What is said against the other class: by the newest event, a condition, else the status alone.
fn modification_fault<'a>(
    cluster: &Cluster<'a>,
    claim: &'a PersistentVolumeClaim,
) -> Option<(String, Vec<Evidence>)> {
    let status = claim.status.modify_volume_status.as_ref();
    let state = status.map(|status| status.status.as_str());
    let field = state
        .map(|state| Evidence::field(claim.reference(), "status.modifyVolumeStatus.status", state));
    let event = newest_warning(cluster, claim, &["VolumeModifyFailed"]);
    if let Some(event) = event {
        let proof = field.into_iter().chain([event_evidence(event)]);
        return Some((safe_text(&event.message), proof.collect()));
    }
    let failed = condition(&claim.status.conditions, "ModifyVolumeError");
    if let Some(failed) = failed.filter(|condition| condition.is_true()) {
        let text = format!("{}: {}", failed.type_, failed.message);
        let proof = Evidence::message(claim.reference(), "status.conditions", &text)
            .at(failed.last_transition_time);
        let proof = field.into_iter().chain([proof]);
        return Some((safe_text(&failed.message), proof.collect()));
    }
    let words = match state? {
        "Infeasible" => "the driver cannot give this volume its parameters (Infeasible)",
        // By the API the resizer sets it where something is not there, above all the class.
        "Pending" => {
            "the class does not exist, or something else that it needs is not there (Pending)"
        }
        _ => return None,
    };
    Some((words.to_owned(), field.into_iter().collect()))
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
