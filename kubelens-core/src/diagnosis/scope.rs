use glob::Pattern;

use crate::kubernetes::{Kind, PersistentVolume, Pod};
use crate::model::{Cause, ObjectRef, Scope};
use crate::snapshot::Cluster;

/// Whether a cause is a matter of the namespaces that were asked for: it lies in them, reaches into
/// them, or what runs in them rests on it. Nodes and volumes that only others use are not.
pub(super) fn concerns(cause: &Cause, scope: &Scope, cluster: &Cluster<'_>) -> bool {
    if scope.namespaces.is_empty() {
        return true;
    }
    let is_asked_for = |namespace: &str| scope.namespaces.iter().any(|asked| asked == namespace);
    let lies_in = |object: &ObjectRef| match &object.namespace {
        Some(namespace) => is_asked_for(namespace),
        None => match Kind::from_manifest(&object.api_version, &object.kind) {
            Some(Kind::Namespace) => is_asked_for(&object.name),
            Some(Kind::Node) => carries(cluster, &object.name, is_asked_for),
            Some(Kind::PersistentVolume) => cluster
                .get::<PersistentVolume>("", &object.name)
                .and_then(|volume| volume.spec.claim_ref.as_ref())
                .is_some_and(|claim| is_asked_for(&claim.namespace)),
            _ => false,
        },
    };
    lies_in(&cause.subject)
        || cause.affected.iter().any(lies_in)
        || cause
            .chain
            .iter()
            .any(|link| lies_in(&link.cause) || lies_in(&link.effect))
}

/// Whether a live pod of such a namespace is on the node.
fn carries(cluster: &Cluster<'_>, node: &str, is_asked_for: impl Fn(&str) -> bool) -> bool {
    cluster
        .pods_on(node)
        .any(|pod: &Pod| pod.is_live() && is_asked_for(&pod.metadata.namespace))
}

/// Whether a cause is a matter of excluded namespaces alone: it lies in one, and so does all that it hurts.
pub(super) fn is_excluded(cause: &Cause, excluded: &[Pattern]) -> bool {
    let is_within = |object: &ObjectRef| {
        let namespace = match &object.namespace {
            Some(namespace) => namespace,
            None if object.kind == "Namespace" => &object.name,
            None => return false,
        };
        excluded.iter().any(|pattern| pattern.matches(namespace))
    };
    is_within(&cause.subject) && cause.affected.iter().all(is_within)
}
