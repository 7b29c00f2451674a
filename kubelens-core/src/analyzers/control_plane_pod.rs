//! The pods of the control plane, where it runs as pods that can be seen.

use crate::kubernetes::Pod;
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// The pods of one component: `etcd`, `kube-apiserver`.
pub(super) fn component_pods<'a>(
    cluster: &Cluster<'a>,
    component: &'static str,
) -> impl Iterator<Item = &'a Pod> {
    cluster
        .in_namespace::<Pod>("kube-system")
        .filter(move |pod| is_control_plane(pod) && component_of(pod) == Some(component))
}

/// Whether a pod of kube-system is a part of the control plane.
pub(crate) fn is_control_plane(pod: &Pod) -> bool {
    pod.metadata.labels.value("tier") == Some("control-plane")
}

/// Which part it is: `etcd`, `kube-apiserver`.
pub(crate) fn component_of(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.value("component")
}

/// The lease that the leading controller manager renews. What it should have done and did not points at it.
pub(super) fn controller_lease() -> ObjectRef {
    ObjectRef::namespaced(
        "coordination.k8s.io/v1",
        "Lease",
        "kube-system",
        "kube-controller-manager",
    )
}
