//! What an autoscaler scales: the object that its target reference names.

use crate::kubernetes::{
    CustomResourceDefinition, Deployment, Kind, ObjectReference, ReplicaSet, ReplicationController,
    StatefulSet,
};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Lookup, Workload};

/// What a target reference leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    /// It is there and can be scaled.
    Found(Workload<'a>),
    /// The list of its kind is complete, and it is not in it.
    Absent,
    /// Its kind has no number of replicas that could be set.
    NotScalable,
    /// No such kind is served.
    NoSuchKind,
    /// Nothing can be said.
    Unknown,
}

/// Follows a target reference. Reads Deployment, StatefulSet, ReplicaSet, ReplicationController,
/// CustomResourceDefinition.
pub(super) fn target<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    reference: &ObjectReference,
) -> Target<'a> {
    let name = reference.name.as_str();
    match Kind::from_manifest(&reference.api_version, &reference.kind) {
        Some(Kind::Deployment) => found(
            cluster.look_up::<Deployment>(namespace, name),
            Workload::Deployment,
        ),
        Some(Kind::StatefulSet) => found(
            cluster.look_up::<StatefulSet>(namespace, name),
            Workload::StatefulSet,
        ),
        Some(Kind::ReplicaSet) => found(
            cluster.look_up::<ReplicaSet>(namespace, name),
            Workload::ReplicaSet,
        ),
        Some(Kind::ReplicationController) => found(
            cluster.look_up::<ReplicationController>(namespace, name),
            Workload::ReplicationController,
        ),
        Some(_) => Target::NotScalable,
        None => of_a_definition(cluster, reference),
    }
}

fn found<'a, T>(lookup: Lookup<'a, T>, as_workload: fn(&'a T) -> Workload<'a>) -> Target<'a> {
    match lookup {
        Lookup::Found(object) => Target::Found(as_workload(object)),
        Lookup::Absent => Target::Absent,
        Lookup::Unknown(_) => Target::Unknown,
    }
}

/// Kinds of custom resources can be scaled where their definition says so.
fn of_a_definition<'a>(cluster: &Cluster<'a>, reference: &ObjectReference) -> Target<'a> {
    let Some((group, version)) = reference.api_version.split_once('/') else {
        return Target::Unknown;
    };
    let definition = cluster
        .all::<CustomResourceDefinition>()
        .find(|known| known.spec.group == *group && known.spec.names.kind == reference.kind);
    let Some(definition) = definition else {
        // Groups without a dot are Kubernetes' own: they need no definition.
        let is_custom = group.contains('.') && !group.ends_with(".k8s.io");
        let is_known = cluster.is_complete(Kind::CustomResourceDefinition, "");
        return if is_custom && is_known {
            Target::NoSuchKind
        } else {
            Target::Unknown
        };
    };
    let served = definition
        .spec
        .versions
        .iter()
        .find(|known| known.served && known.name == *version);
    let has_scale = served
        .and_then(|served| served.subresources.as_ref())
        .is_some_and(|subresources| subresources.scale.is_some());
    match served {
        None => Target::NoSuchKind,
        Some(_) if !has_scale => Target::NotScalable,
        Some(_) => Target::Unknown,
    }
}

/// Names the target; its namespace is the autoscaler's own.
pub(super) fn target_ref(namespace: &str, reference: &ObjectReference) -> ObjectRef {
    let api_version = reference.api_version.non_empty().unwrap_or("apps/v1");
    ObjectRef::namespaced(api_version, &reference.kind, namespace, &reference.name)
}

/// Whether the controller's words on a failed look at the scale prove that there is none.
pub(super) fn says_missing(message: &str) -> bool {
    message.contains("not found")
        || message.contains("no matches for kind")
        || message.contains("could not find the requested resource")
}
