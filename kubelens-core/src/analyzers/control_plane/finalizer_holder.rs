//! Objects that are being deleted and that finalizers hold.

use std::collections::BTreeMap;

use crate::kubernetes::{Kind, ObjectMeta, Text};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// The kinds that are looked at: those that no rule of their own covers.
pub(super) const KINDS: [Kind; 17] = [
    Kind::ConfigMap,
    Kind::Secret,
    Kind::Service,
    Kind::ServiceAccount,
    Kind::ReplicationController,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Ingress,
    Kind::NetworkPolicy,
    Kind::Role,
    Kind::RoleBinding,
    Kind::ClusterRole,
    Kind::CustomResourceDefinition,
];

/// An object that is being deleted and is held.
#[derive(Debug, Clone)]
pub(super) struct Held<'a> {
    /// The object.
    pub(super) object: ObjectRef,
    /// Its metadata.
    pub(super) meta: &'a ObjectMeta,
}

/// Every object of the kinds above, and every custom one, that is being deleted and held by a
/// finalizer.
pub(super) fn held<'a>(cluster: &Cluster<'a>) -> Vec<Held<'a>> {
    let mut all = Vec::new();
    for kind in KINDS {
        for meta in cluster.terminating(kind) {
            if is_held(meta) {
                let object = ObjectRef {
                    uid: meta.uid.non_empty().map(str::to_owned),
                    ..ObjectRef::namespaced(
                        kind.api_version(),
                        kind.as_str(),
                        &meta.namespace,
                        &meta.name,
                    )
                };
                all.push(Held { object, meta });
            }
        }
    }
    for object in cluster
        .all_custom()
        .filter(|object| is_held(&object.metadata))
    {
        all.push(Held {
            object: object.reference(),
            meta: &object.metadata,
        });
    }
    all
}

/// The same objects, those together which are of one kind and namespace and which the same finalizers
/// hold: one controller owes them all. Each list and its members are in order of their names.
pub(super) fn alike(mut held: Vec<Held<'_>>) -> Vec<Vec<Held<'_>>> {
    held.sort_by(|a, b| a.object.cmp(&b.object));
    let mut all: BTreeMap<_, Vec<Held<'_>>> = BTreeMap::new();
    for held in held {
        let finalizers: Vec<&Text> = held.meta.finalizers.iter().collect();
        let kind = held.object.kind.clone();
        let key = (kind, held.object.namespace.clone(), finalizers);
        all.entry(key).or_default().push(held);
    }
    all.into_values().collect()
}

fn is_held(meta: &ObjectMeta) -> bool {
    meta.is_terminating() && !meta.finalizers.is_empty()
}
