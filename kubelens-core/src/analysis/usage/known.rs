//! Whether everything that could use an object was read.

use super::Usage;
use crate::kubernetes::{CustomResourceDefinition, Kind};
use crate::snapshot::Cluster;

/// The kinds that hold pod specs.
const TEMPLATES: [Kind; 8] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::ReplicationController,
    Kind::Job,
    Kind::CronJob,
    Kind::Pod,
];

/// The kinds by which programs get to read through the API.
const ACCESS: [Kind; 4] = [
    Kind::Role,
    Kind::ClusterRole,
    Kind::RoleBinding,
    Kind::ClusterRoleBinding,
];

impl Usage {
    /// Whether every kind that could name an object of `kind` in `namespace` was read in full, custom resources
    /// too. Only then "nothing uses it" can be said.
    pub fn is_known(cluster: &Cluster<'_>, kind: Kind, namespace: &str) -> bool {
        // A selection by labels leaves users out.
        if cluster.snapshot().scope().selector.is_some() || !is_custom_known(cluster) {
            return false;
        }
        let is_complete = |kind: &Kind| {
            if namespace.is_empty() {
                let scope = &cluster.snapshot().scope().namespaces;
                cluster.is_complete(*kind, "")
                    && cluster.snapshot().gaps().has_none(*kind)
                    && (scope.is_empty() || !kind.is_namespaced())
            } else {
                cluster.is_complete(*kind, namespace)
            }
        };
        let access: &[Kind] = if matches!(kind, Kind::ConfigMap | Kind::Secret) {
            &ACCESS
        } else {
            &[]
        };
        let others: &[Kind] = match kind {
            Kind::Secret => &[
                Kind::ServiceAccount,
                Kind::Ingress,
                Kind::PersistentVolume,
                Kind::StorageClass,
            ],
            Kind::ServiceAccount | Kind::Role => &[Kind::RoleBinding, Kind::ClusterRoleBinding],
            Kind::ClusterRole => &[
                Kind::RoleBinding,
                Kind::ClusterRoleBinding,
                Kind::ClusterRole,
            ],
            Kind::StorageClass => &[Kind::PersistentVolumeClaim, Kind::PersistentVolume],
            Kind::IngressClass => &[Kind::Ingress],
            _ => &[],
        };
        TEMPLATES.iter().all(is_complete)
            && access.iter().all(is_complete)
            && others.iter().all(is_complete)
    }
}

/// Whether the resources of every custom definition were read. A definition of which the picture holds nothing
/// may have objects that nobody asked for.
fn is_custom_known(cluster: &Cluster<'_>) -> bool {
    cluster.is_complete(Kind::CustomResourceDefinition, "")
        && cluster
            .all::<CustomResourceDefinition>()
            .all(|definition| !cluster.custom(&definition.spec.names.kind).is_empty())
}
