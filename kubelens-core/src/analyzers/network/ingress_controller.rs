//! Who serves an Ingress: the pods behind the Service whose address it got.

use crate::kubernetes::{Ingress, Pod, Service};
use crate::snapshot::Cluster;

/// A ready pod of the controller that serves an Ingress; none where no Service, or more than one,
/// publishes its address.
pub(super) fn controller_pod<'a>(cluster: &Cluster<'a>, ingress: &Ingress) -> Option<&'a Pod> {
    let mut services = cluster
        .all::<Service>()
        .filter(|service| service.publishes(ingress));
    let (service, other) = (services.next()?, services.next());
    if other.is_some() {
        return None;
    }
    cluster
        .pods_behind(service)
        .into_iter()
        .filter(|pod| pod.is_live() && pod.is_ready())
        .min_by_key(|pod| &pod.metadata.name)
}
