//! The API server as whom a program calls.

use super::control_plane_pod::component_pods;
use crate::kubernetes::{Object, Service};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Whether a host is the cluster's API server: the Service that stands for it in every cluster, or the address of one of
/// its pods. Reads Service and Pod.
pub(super) fn is_api_server(cluster: &Cluster<'_>, host: &str) -> bool {
    let is_its_service = matches!(
        host.trim_end_matches('.'),
        "kubernetes.default" | "kubernetes.default.svc" | "kubernetes.default.svc.cluster.local"
    ) || cluster
        .get::<Service>("default", "kubernetes")
        .is_some_and(|service| !host.is_empty() && service.spec.cluster_ip == *host);
    is_its_service
        || component_pods(cluster, "kube-apiserver").any(|pod| pod.status.pod_ip == *host)
}

/// What keeps an API server from answering: itself, and the store behind it.
pub(super) fn suspects(cluster: &Cluster<'_>) -> Vec<(ObjectRef, &'static str)> {
    let servers = component_pods(cluster, "kube-apiserver");
    let stores = component_pods(cluster, "etcd");
    servers
        .map(|pod| (pod.reference(), "calls"))
        .chain(stores.map(|pod| (pod.reference(), "stores for")))
        .collect()
}
