//! Volumes that a node keeps from other nodes: while it is down, so is what needs them.

use crate::analysis::Sighting;
use crate::analyzers::scheduling::pod_volumes::place;
use crate::kubernetes::{Node, Object, PersistentVolume, VolumeAttachment};
use crate::model::{Evidence, Risk, Suggestion};
use crate::snapshot::Cluster;

/// Most volumes of a sort that are shown.
const MOST_SHOWN: usize = 2;

/// Adds the volumes that are attached to the node or lie on its disks, and what can be done about them.
pub(super) fn with_volumes(
    sighting: Sighting,
    cluster: &Cluster<'_>,
    node: &Node,
    holds_pods: bool,
) -> Sighting {
    let name = node.metadata.name.as_str();
    let attached: Vec<Evidence> = cluster
        .all::<VolumeAttachment>()
        .filter(|attachment| attachment.spec.node_name == *name && attachment.status.attached)
        .map(|attachment| {
            let volume = &attachment.spec.source.persistent_volume_name;
            let text = format!("{name} (volume {volume})");
            Evidence::field(attachment.reference(), "spec.nodeName", text)
        })
        .take(MOST_SHOWN)
        .collect();
    let local: Vec<&PersistentVolume> = cluster
        .all::<PersistentVolume>()
        .filter(|volume| is_on(volume, node))
        .take(MOST_SHOWN)
        .collect();
    let is_attached = !attached.is_empty();
    let mut sighting = sighting.all_evidence(attached);
    if is_attached || holds_pods {
        sighting = sighting.suggest(give_up(name));
    }
    for volume in local {
        let claim = volume.spec.claim_ref.as_ref();
        let whose = claim.map_or_else(String::new, |claim| {
            format!(" of claim {}/{}", claim.namespace, claim.name)
        });
        sighting = sighting
            .evidence(Evidence::field(
                volume.reference(),
                "spec.nodeAffinity",
                place(volume),
            ))
            .suggest(Suggestion::advice(format!(
                "Volume {}{whose} lies on that machine: if it does not come back, restore the data to another volume",
                volume.metadata.name
            )));
    }
    sighting
}

/// Whether a volume that is in use lies on the disks of the node: it can be reached from this one by its name.
fn is_on(volume: &PersistentVolume, node: &Node) -> bool {
    let affinity = volume.spec.node_affinity.as_ref();
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    volume.status.phase == "Bound"
        && required.is_some_and(|required| {
            let mut asked = required
                .node_selector_terms
                .iter()
                .flat_map(|term| term.match_expressions.iter());
            asked.any(|expression| expression.key == "kubernetes.io/hostname")
                && required.matches(node)
        })
}

/// Lets go of what is held by a machine that is off: two pods of one name, or two writers of one volume, must never be.
fn give_up(node: &str) -> Suggestion {
    Suggestion::run(
        "Only if the machine is off for good: let its pods of StatefulSets and their volumes go by this taint (or delete the Node, or those pods with --force)",
        format!(
            "kubectl taint nodes {node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
        ),
        Risk::High,
    )
}
