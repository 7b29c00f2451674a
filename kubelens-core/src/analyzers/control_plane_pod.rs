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
        .filter(move |pod| pod.is_control_plane() && pod.component() == Some(component))
}

/// The parts of which one leads at a time, by a lease of the same name in kube-system.
pub(crate) const LEADERS: [&str; 2] = ["kube-controller-manager", "kube-scheduler"];

/// The lease that the leading controller manager renews. What it should have done and did not points at it.
pub(super) fn controller_lease() -> ObjectRef {
    ObjectRef::namespaced(
        "coordination.k8s.io/v1",
        "Lease",
        "kube-system",
        "kube-controller-manager",
    )
}
