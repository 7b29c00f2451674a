use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::kubernetes::{Kind, ObjectMeta};
use crate::model::{Evidence, EvidenceKind, ObjectRef, age};
use crate::snapshot::Cluster;

/// Seconds before the first symptom in which a change counts as one that may have brought it.
const BEFORE: i64 = 900;

/// Seconds that something must have been there for a change of it to be one, and not its making.
const SETTLED: i64 = 60;

/// Most changes that one cause names.
const MOST: usize = 3;

/// Kinds that people and pipelines write; of others, controllers keep the time of the last write fresh.
const WRITTEN_BY_PEOPLE: &[Kind] = &[
    Kind::ClusterRole,
    Kind::ClusterRoleBinding,
    Kind::ConfigMap,
    Kind::Ingress,
    Kind::LimitRange,
    Kind::MutatingWebhookConfiguration,
    Kind::Namespace,
    Kind::NetworkPolicy,
    Kind::PodDisruptionBudget,
    Kind::ResourceQuota,
    Kind::Role,
    Kind::RoleBinding,
    Kind::Secret,
    Kind::Service,
    Kind::StorageClass,
    Kind::ValidatingWebhookConfiguration,
];

/// What changed in the quarter of an hour before the first symptom, newest first: the subject itself,
/// and what the containers of the affected workloads read. Told as proof of kind `change`, never a cause.
///
/// `since` is when the trouble began; nothing is said where that is not known.
pub(super) fn changes(
    subject: &ObjectRef,
    affected: &[ObjectRef],
    since: Option<Timestamp>,
    told: &[Evidence],
    cluster: &Cluster<'_>,
) -> Vec<Evidence> {
    let Some(since) = since else {
        return Vec::new();
    };
    let mut candidates: BTreeMap<(String, String, String), (ObjectRef, &ObjectMeta)> =
        BTreeMap::new();
    let mut add = |reference: &ObjectRef| {
        if let Some(meta) = metadata(cluster, reference) {
            candidates.insert(reference.key(), (reference.clone(), meta));
        }
    };
    add(subject);
    let workloads = affected.iter().chain([subject]);
    for workload in workloads.filter_map(|object| cluster.workload(object)) {
        let namespace = &workload.metadata().namespace;
        for reference in workload.pod_spec().config_references() {
            let (kind, name) = (reference.kind, reference.name);
            add(&ObjectRef::namespaced(
                kind.api_version(),
                kind.as_str(),
                namespace,
                name,
            ));
        }
    }
    // Something newer than all that it touches came with it; only what was there before can break.
    let oldest = affected
        .iter()
        .chain([subject])
        .filter_map(|object| cluster.workload(object)?.metadata().creation_timestamp)
        .min();
    let mut found: Vec<(Timestamp, Evidence)> = candidates
        .into_values()
        .filter(|(reference, _)| {
            !told
                .iter()
                .any(|item| item.kind == EvidenceKind::Change && item.object.is_same(reference))
        })
        .filter_map(|(reference, meta)| {
            let at = meta.last_write?;
            let lead = since.duration_since(at).as_secs();
            if !(0..=BEFORE).contains(&lead) {
                return None;
            }
            let is_new = meta
                .creation_timestamp
                .is_some_and(|made| at.duration_since(made).as_secs() < SETTLED);
            let verb = if !is_new {
                "changed"
            } else if oldest.is_some_and(|oldest| at.duration_since(oldest).as_secs() >= SETTLED) {
                "created"
            } else {
                return None;
            };
            let text = format!("{verb} {} before the first symptom", age(at, since));
            Some((at, Evidence::change(reference, &text, Some(at))))
        })
        .collect();
    found.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.object.cmp(&other.object)));
    found.into_iter().take(MOST).map(|(_, item)| item).collect()
}

fn metadata<'a>(cluster: &Cluster<'a>, reference: &ObjectRef) -> Option<&'a ObjectMeta> {
    let kind = Kind::from_manifest(&reference.api_version, &reference.kind)?;
    if !WRITTEN_BY_PEOPLE.contains(&kind) {
        return None;
    }
    cluster.metadata_of(reference)
}
