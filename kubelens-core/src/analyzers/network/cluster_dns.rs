//! The cluster's own name service: where it stands.

use crate::kubernetes::{Pod, Service};
use crate::snapshot::Cluster;

/// The namespaces in which distributions keep it.
const NAMESPACES: [&str; 2] = ["kube-system", "openshift-dns"];

/// The Services of the cluster's name service.
pub(in crate::analyzers) fn services<'a>(cluster: &Cluster<'a>) -> Vec<&'a Service> {
    NAMESPACES
        .iter()
        .flat_map(|namespace| cluster.in_namespace::<Service>(namespace))
        .filter(|service| {
            service.metadata.labels.value("k8s-app") == Some("kube-dns")
                || matches!(service.metadata.name.as_str(), "kube-dns" | "dns-default")
        })
        .filter(|service| !service.spec.selector.is_empty())
        .collect()
}

/// Its pods, ready or not.
pub(super) fn pods<'a>(cluster: &Cluster<'a>) -> Vec<&'a Pod> {
    services(cluster)
        .into_iter()
        .flat_map(|service| super::endpoints::live_pods(cluster, service))
        .collect()
}
