//! What a custom resource owns.

use std::collections::{BTreeSet, HashMap};

use crate::kubernetes::{CustomObject, Kind, ObjectMeta};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Kinds of workloads, volumes and ways in that operators make.
const KINDS: [Kind; 6] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::PersistentVolumeClaim,
    Kind::Ingress,
];

/// How many generations are followed, and how many objects.
const GENERATIONS: usize = 4;
const MOST: usize = 64;

/// Objects by the uid of an owner.
struct ByOwner(HashMap<String, Vec<(ObjectRef, String)>>);

/// The custom resources, workloads and claims that a custom resource owns, through others that it owns.
pub(super) fn children_of(cluster: &Cluster<'_>, object: &CustomObject) -> Vec<ObjectRef> {
    let by_owner = cluster.once(all);
    let mut found = Vec::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut owners = vec![object.metadata.uid.as_str()];
    for _ in 0..GENERATIONS {
        let mut next = Vec::new();
        for owner in owners {
            if owner.is_empty() || !known.insert(owner) {
                continue;
            }
            for (child, uid) in by_owner.0.get(owner).into_iter().flatten() {
                if found.len() < MOST {
                    found.push(child.clone());
                    next.push(uid.as_str());
                }
            }
        }
        owners = next;
    }
    found
}

/// Every owned object, without a note that its kind was read: nothing is said of what is not there.
fn all(cluster: &Cluster<'_>) -> ByOwner {
    let mut by_owner: HashMap<String, Vec<(ObjectRef, String)>> = HashMap::new();
    let mut note = |meta: &ObjectMeta, object: ObjectRef| {
        for owner in &meta.owner_references {
            by_owner
                .entry(owner.uid.to_string())
                .or_default()
                .push((object.clone(), meta.uid.to_string()));
        }
    };
    for object in cluster.all_custom() {
        note(&object.metadata, object.reference());
    }
    for kind in KINDS {
        for meta in cluster.all_metadata(kind) {
            let object = ObjectRef::namespaced(
                kind.api_version(),
                kind.as_str(),
                &meta.namespace,
                &meta.name,
            );
            note(meta, object);
        }
    }
    ByOwner(by_owner)
}
