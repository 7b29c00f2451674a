//! What is known of a claim: its class, who waits for it, what its controllers wrote.

use crate::analysis::Sighting;
use crate::analyzers::scheduling::pod_volumes::claim_names;
use crate::kubernetes::{
    Event, Object, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, Pod,
    StorageClass,
};
use crate::model::{Evidence, ObjectRef, Severity, some_of};
use crate::snapshot::Cluster;

/// The annotation that named the class before the field did.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// Annotations that mark the default class.
const DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

/// The class that a claim names; empty where it wants none, nothing where it leaves it to the default.
pub(super) fn class_of(claim: &PersistentVolumeClaim) -> Option<&str> {
    claim.metadata.annotations.value(BETA_CLASS).or_else(|| {
        claim
            .spec
            .storage_class_name
            .as_ref()
            .map(|name| name.as_str())
    })
}

/// Whether the claim waits for a volume.
pub(super) fn is_pending(claim: &PersistentVolumeClaim) -> bool {
    !claim.metadata.is_terminating() && matches!(claim.status.phase.as_str(), "Pending" | "")
}

/// The class's object.
pub(super) fn storage_class<'a>(
    cluster: &Cluster<'a>,
    claim: &PersistentVolumeClaim,
) -> Option<&'a StorageClass> {
    cluster.get::<StorageClass>("", class_of(claim).filter(|name| !name.is_empty())?)
}

/// Whether a class is marked as the default.
pub(super) fn is_default(class: &StorageClass) -> bool {
    DEFAULT
        .iter()
        .any(|key| class.metadata.annotations.value(key) == Some("true"))
}

/// The live pods that use the claim.
pub(super) fn users<'a>(cluster: &Cluster<'a>, claim: &PersistentVolumeClaim) -> Vec<&'a Pod> {
    let name = claim.metadata.name.as_str();
    cluster
        .in_namespace::<Pod>(&claim.metadata.namespace)
        .filter(|pod| pod.is_live() && claim_names(pod).any(|used| used == name))
        .collect()
}

/// Whether a node was chosen for a claim that waits for its first consumer.
pub(super) fn has_selected_node(claim: &PersistentVolumeClaim) -> bool {
    claim
        .metadata
        .annotations
        .contains_key("volume.kubernetes.io/selected-node")
}

/// Whether the claim waits, as it should, for a pod that is given a node.
pub(super) fn awaits_consumer(cluster: &Cluster<'_>, claim: &PersistentVolumeClaim) -> bool {
    storage_class(cluster, claim)
        .is_some_and(|class| class.volume_binding_mode == "WaitForFirstConsumer")
        && !has_selected_node(claim)
}

/// Critical while a live pod waits for the claim, else a warning.
pub(super) fn severity(users: &[&Pod]) -> Severity {
    if users.iter().any(|pod| !pod.is_ready()) {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

/// `Pods of Deployment shop/web wait for it.`; that nobody does where nobody does.
pub(super) fn who_waits(cluster: &Cluster<'_>, users: &[&Pod]) -> String {
    let mut tops: Vec<String> = users
        .iter()
        .map(|pod| cluster.top_of(pod).to_string())
        .collect();
    tops.sort();
    tops.dedup();
    if tops.is_empty() {
        "No pod uses it yet.".to_owned()
    } else {
        format!("Pods of {} wait for it.", some_of(&tops, 3))
    }
}

/// The newest event of a reason about the claim.
pub(super) fn newest<'a>(
    cluster: &Cluster<'a>,
    claim: &'a PersistentVolumeClaim,
    reason: &str,
) -> Option<&'a Event> {
    cluster.newest_event(claim, &[reason])
}

/// Who makes volumes for the claim: as the controller wrote it down, else as the class says.
pub(super) fn provisioner<'a>(
    cluster: &Cluster<'a>,
    claim: &'a PersistentVolumeClaim,
) -> Option<&'a str> {
    let annotations = &claim.metadata.annotations;
    annotations
        .value("volume.kubernetes.io/storage-provisioner")
        .or_else(|| annotations.value("volume.beta.kubernetes.io/storage-provisioner"))
        .or_else(|| storage_class(cluster, claim)?.provisioner.non_empty())
}

/// Whether volumes were made by hand under the name of a class, which then needs no object. A volume
/// that a provisioner made only tells that the class was there.
pub(super) fn has_volumes_by_hand(cluster: &Cluster<'_>, class: &str) -> bool {
    cluster.all::<PersistentVolume>().any(|volume| {
        let maker = "pv.kubernetes.io/provisioned-by";
        volume.spec.storage_class_name == class && !volume.metadata.annotations.contains_key(maker)
    })
}

/// What the claim is to be filled from.
pub(super) fn source(claim: &PersistentVolumeClaim) -> Option<ObjectRef> {
    let source = claim.spec.data_source_ref.as_ref();
    let source = source.or(claim.spec.data_source.as_ref())?;
    let api = match source.kind.as_str() {
        "PersistentVolumeClaim" => "v1",
        "VolumeSnapshot" => "snapshot.storage.k8s.io/v1",
        _ => return None,
    };
    let namespace = source.namespace.non_empty();
    let namespace = namespace.unwrap_or(&claim.metadata.namespace);
    Some(ObjectRef::namespaced(
        api,
        &source.kind,
        namespace,
        &source.name,
    ))
}

/// `Pending`, and how much is asked for in which way.
pub(super) fn evidence(claim: &PersistentVolumeClaim) -> Vec<Evidence> {
    let own = claim.reference();
    let mut all = vec![Evidence::field(
        own.clone(),
        "status.phase",
        claim.status.phase.non_empty().unwrap_or("Pending"),
    )];
    if let Some(class) = class_of(claim) {
        all.push(Evidence::field(own, "spec.storageClassName", class));
    }
    all
}

/// What a claim asks for: `5Gi, ReadWriteOnce`.
pub(super) fn asked(spec: &PersistentVolumeClaimSpec) -> String {
    let size = spec
        .resources
        .requests
        .get("storage")
        .map(|size| size.human_bytes());
    size.into_iter()
        .chain(spec.access_modes.iter().map(ToString::to_string))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Names a class that may not exist.
pub(super) fn class_reference(name: &str) -> ObjectRef {
    ObjectRef::cluster_scoped("storage.k8s.io/v1", "StorageClass", name)
}

/// A fault that the claim shows.
pub(super) fn shown_by(
    sighting: Sighting,
    claim: &PersistentVolumeClaim,
    relation: &'static str,
) -> Sighting {
    sighting
        .seen_on(claim.reference(), relation)
        .all_evidence(evidence(claim))
        .since(claim.metadata.creation_timestamp)
}

/// Why a volume does not fit a claim; nothing where it does.
pub(super) fn misfit(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<String> {
    let spec = &volume.spec;
    let class = class_of(claim).unwrap_or_default();
    if spec.storage_class_name != class {
        return Some(format!(
            "its class is `{}`, the claim's `{class}`",
            spec.storage_class_name
        ));
    }
    if let Some(bound) = &spec.claim_ref {
        let is_own = bound.name == claim.metadata.name.as_str()
            && bound.namespace == claim.metadata.namespace.as_str()
            && (bound.uid.is_empty() || bound.uid == claim.metadata.uid.as_str());
        if !is_own {
            return Some(format!(
                "it is reserved for, or bound to, claim {}/{}",
                bound.namespace, bound.name
            ));
        }
    } else if volume.status.phase != "Available" && !volume.status.phase.is_empty() {
        return Some(format!("it is {}", volume.status.phase));
    }
    if let Some(wanted) = claim
        .spec
        .access_modes
        .iter()
        .find(|mode| !spec.access_modes.contains(mode))
    {
        return Some(format!(
            "its access modes are {}, the claim wants {wanted}",
            spec.access_modes.join(", ")
        ));
    }
    let mode = |mode: &str| {
        if mode.is_empty() {
            "Filesystem".to_owned()
        } else {
            mode.to_owned()
        }
    };
    if mode(&spec.volume_mode) != mode(&claim.spec.volume_mode) {
        return Some(format!(
            "its volume mode is {}, the claim wants {}",
            mode(&spec.volume_mode),
            mode(&claim.spec.volume_mode)
        ));
    }
    let size = spec.capacity.get("storage").copied().unwrap_or_default();
    let wanted = claim
        .spec
        .resources
        .requests
        .get("storage")
        .copied()
        .unwrap_or_default();
    if size < wanted {
        return Some(format!(
            "it has {}, the claim wants {}",
            size.human_bytes(),
            wanted.human_bytes()
        ));
    }
    let labels_differ = claim
        .spec
        .selector
        .as_ref()
        .filter(|selector| !selector.matches(&volume.metadata.labels));
    labels_differ
        .map(|selector| format!("its labels do not match the claim's selector `{selector}`"))
}

/// Whether a volume made by hand fits the claim.
pub(super) fn has_fitting_volume(cluster: &Cluster<'_>, claim: &PersistentVolumeClaim) -> bool {
    cluster
        .all::<PersistentVolume>()
        .any(|volume| misfit(volume, claim).is_none())
}
