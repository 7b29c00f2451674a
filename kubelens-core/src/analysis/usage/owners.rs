//! What owns something: a lock or a release record that others hang on.

use super::Usage;
use crate::kubernetes::{Kind, Text};
use crate::snapshot::Cluster;

/// Notes the uid of every owner. Pods and events are left out: what owns them is a workload.
pub(super) fn collect(cluster: &Cluster<'_>, usage: &mut Usage) {
    let kinds = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| !matches!(kind, Kind::Pod | Kind::Event));
    for meta in kinds.flat_map(|kind| cluster.all_metadata(kind)) {
        note(usage, meta.owner_references.iter().map(|owner| &owner.uid));
    }
    for object in cluster.all_custom() {
        let owners = object.metadata.owner_references.iter();
        note(usage, owners.map(|owner| &owner.uid));
    }
}

fn note<'a>(usage: &mut Usage, owners: impl Iterator<Item = &'a Text>) {
    usage
        .owners
        .extend(owners.filter(|uid| !uid.is_empty()).cloned());
}
