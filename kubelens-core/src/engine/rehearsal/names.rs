//! Names of ConfigMaps and Secrets that are almost those of the manifests.

use super::slip::is_slip;
use crate::analysis::Sighting;
use crate::kubernetes::{ConfigMap, Kind, Object, Secret};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::{Cluster, Workload};

/// Manifests alone call nothing missing: the object may be in the cluster. One that differs by a slip from an object
/// that comes with the workload is told all the same.
pub(super) fn check<'a>(
    workload: &Workload<'a>,
    cluster: &Cluster<'a>,
    seen: &mut Vec<(&'static str, Sighting)>,
) {
    let own = workload.reference();
    let namespace = workload.metadata().namespace.as_str();
    for reference in workload.pod_spec().config_references() {
        let (code, known) = match reference.kind {
            Kind::ConfigMap => ("CFG001", names::<ConfigMap>(cluster, namespace)),
            _ => ("CFG002", names::<Secret>(cluster, namespace)),
        };
        let name = reference.name.as_str();
        if reference.optional || known.contains(&name) {
            continue;
        }
        let Some(meant) = known.into_iter().find(|known| is_slip(name, known)) else {
            continue;
        };
        let kind = reference.kind;
        let missing = ObjectRef::namespaced(kind.api_version(), kind.as_str(), namespace, name);
        let path = format!("{}.{}", workload.pod_spec_path(), reference.path);
        let title = format!("{missing} is not among the manifests, and {kind} {meant} is");
        seen.push((
            code,
            Sighting::of(
                missing,
                title,
                format!("{own} needs it: its pods do not start without it."),
            )
            .seen_on(own.clone(), reference.relation)
            .severity(Severity::Warning)
            .evidence(Evidence::field(own.clone(), &path, name))
            .suggest(Suggestion::advice(format!(
                "Write {meant}, unless {name} is in the cluster"
            ))),
        ));
    }
}

fn names<'a, T: Object>(cluster: &Cluster<'a>, namespace: &str) -> Vec<&'a str> {
    cluster
        .in_namespace::<T>(namespace)
        .map(|object| object.metadata().name.as_str())
        .collect()
}
