//! Which objects are asked about where nobody names one.

use super::verdict::{Outcome, TargetVerdict};
use crate::kubernetes::{Kind, Object, ObjectMeta, PersistentVolumeClaim};
use crate::model::{CoverageState, ObjectRef, safe_text};
use crate::snapshot::{Cluster, Snapshot};

/// The kinds that make pods, and what they hang on: whoever asks about everything must be able to read them.
const NEEDED: &[Kind] = &[
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Pod,
];

/// All workloads, claims, and custom resources with conditions that nothing else controls, by namespace.
pub fn everything(snapshot: &Snapshot) -> Vec<ObjectRef> {
    let cluster = Cluster::new(snapshot);
    let mut all: Vec<ObjectRef> = cluster
        .all_namespaces()
        .iter()
        .flat_map(|namespace| cluster.workloads_in(namespace))
        .map(|workload| workload.reference())
        .collect();
    all.extend(
        cluster
            .all::<PersistentVolumeClaim>()
            .filter(|claim| claim.metadata.controller().is_none())
            .map(Object::reference),
    );
    for (kind, objects) in snapshot.custom() {
        let judged = objects.iter().filter(|object| {
            object.metadata.controller().is_none() && object.status.get("conditions").is_some()
        });
        all.extend(judged.map(|object| {
            let meta = &object.metadata;
            ObjectRef::namespaced(&object.api_version, kind, &meta.namespace, &meta.name)
        }));
    }
    all
}

/// Whether asking about the object says more than that it exists: there is a rule for its kind, or the diagnosis
/// looks at it.
pub fn is_judged(object: &ObjectRef) -> bool {
    const JUDGED: &[Kind] = &[
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::ReplicaSet,
        Kind::ReplicationController,
        Kind::Job,
        Kind::CronJob,
        Kind::Pod,
        Kind::PersistentVolumeClaim,
        Kind::Service,
        Kind::Ingress,
        Kind::HorizontalPodAutoscaler,
        Kind::PodDisruptionBudget,
        Kind::CustomResourceDefinition,
        Kind::APIService,
    ];
    Kind::from_manifest(&object.api_version, &object.kind).is_none_or(|kind| JUDGED.contains(&kind))
}

/// Whether nothing controls the object, so that somebody asked for it.
pub fn is_own(object: &ObjectRef, snapshot: &Snapshot) -> bool {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    Kind::from_manifest(&object.api_version, &object.kind)
        .and_then(|kind| snapshot.tables().metadata(kind, namespace, &object.name))
        .and_then(ObjectMeta::controller)
        .is_none()
}

/// What keeps one from knowing all that there is to ask about in these namespaces; none for all.
pub(super) fn unread(snapshot: &Snapshot, scope: &[String]) -> Vec<TargetVerdict> {
    let gaps = snapshot.gaps();
    let of_kind = |kind: Kind| {
        gaps.iter().find(|(name, namespace, gap)| {
            *name == kind.as_str()
                // Of a kind that is not served, or not recorded, there is nothing to ask about.
                && gap.state != CoverageState::Absent
                && (scope.is_empty()
                    || namespace.is_none_or(|known| scope.iter().any(|wanted| wanted == known)))
        })
    };
    NEEDED
        .iter()
        .filter_map(|kind| {
            let (_, namespace, gap) = of_kind(*kind)?;
            Some(TargetVerdict {
                object: ObjectRef::namespaced(
                    kind.api_version(),
                    kind.as_str(),
                    namespace.unwrap_or_default(),
                    "*",
                ),
                outcome: match gap.state {
                    CoverageState::Forbidden => Outcome::Forbidden,
                    _ => Outcome::Unreadable,
                },
                reason: safe_text(&gap.detail),
                wedged_seconds: 0,
                causes: Vec::new(),
            })
        })
        .collect()
}
