//! The claims and volumes of a pod, and the nodes that they allow.

use crate::kubernetes::{Node, PersistentVolume, PersistentVolumeClaim, Pod};
use crate::snapshot::Cluster;

/// The names of the claims that a pod uses, those of its ephemeral volumes among them.
pub(in crate::analyzers) fn claim_names(pod: &Pod) -> impl Iterator<Item = String> {
    pod.spec.volumes.iter().filter_map(|volume| {
        if let Some(claim) = &volume.persistent_volume_claim {
            return Some(claim.claim_name.to_string());
        }
        volume
            .ephemeral
            .as_ref()
            .map(|_| format!("{}-{}", pod.metadata.name, volume.name))
    })
}

/// A bound claim of a pod with its volume.
#[derive(Debug, Clone, Copy)]
pub(in crate::analyzers) struct BoundVolume<'a> {
    pub(in crate::analyzers) claim: &'a PersistentVolumeClaim,
    pub(in crate::analyzers) volume: &'a PersistentVolume,
}

/// The bound claims of a pod whose volume is known.
pub(in crate::analyzers) fn bound<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<BoundVolume<'a>> {
    claim_names(pod)
        .filter_map(|name| cluster.get::<PersistentVolumeClaim>(&pod.metadata.namespace, &name))
        .filter_map(|claim| {
            let volume =
                cluster.get::<PersistentVolume>("", claim.spec.volume_name.non_empty()?)?;
            Some(BoundVolume { claim, volume })
        })
        .collect()
}

/// Labels of a volume that name the zone or region it can be reached from; several are joined by `__`.
const ZONE_LABELS: [&str; 4] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];

/// Whether the volume can be reached from the node.
pub(super) fn reaches(volume: &PersistentVolume, node: &Node) -> bool {
    let by_affinity = volume
        .spec
        .node_affinity
        .as_ref()
        .and_then(|affinity| affinity.required.as_ref())
        .is_none_or(|required| required.matches(node));
    let by_zone = ZONE_LABELS.iter().all(|key| {
        volume.metadata.labels.value(key).is_none_or(|zones| {
            node.metadata
                .labels
                .value(key)
                .is_none_or(|zone| zones.split("__").any(|known| known == zone))
        })
    });
    by_affinity && by_zone
}

/// Where the volume can be reached from, as a person would say it.
pub(in crate::analyzers) fn place(volume: &PersistentVolume) -> String {
    let terms = volume
        .spec
        .node_affinity
        .as_ref()
        .and_then(|affinity| affinity.required.as_ref())
        .map(|required| {
            required
                .node_selector_terms
                .iter()
                .flat_map(|term| term.match_expressions.iter().chain(&term.match_fields))
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        })
        .unwrap_or_default();
    if !terms.is_empty() {
        return terms.join(" or ");
    }
    ZONE_LABELS
        .iter()
        .filter_map(|key| Some(format!("{key}={}", volume.metadata.labels.value(key)?)))
        .collect::<Vec<_>>()
        .join(", ")
}
