//! Who makes the names of Ingresses and routes known outside of the cluster.

use super::failing::blaming;
use crate::analysis::Sighting;
use crate::analyzers::log_host::hosts_in;
use crate::kubernetes::{Ingress, Pod};
use crate::snapshot::Cluster;

/// Words of a name server that does not know a name.
const UNKNOWN: [&str; 4] = [
    "no such host",
    "NXDOMAIN",
    "server can't find",
    "Name or service not known",
];

/// The same sighting, pointing at an external-dns that is not ready, where a message says that the name of an Ingress or
/// route is not known. Reads Ingress and Pod.
pub(super) fn unpublished(
    cluster: &Cluster<'_>,
    mut sighting: Sighting,
    message: &str,
) -> Sighting {
    let is_unknown = UNKNOWN.iter().any(|words| message.contains(words))
        && hosts_in(message)
            .iter()
            .any(|host| is_published(cluster, host.name));
    if !is_unknown {
        return sighting;
    }
    let publishers = cluster.all::<Pod>().filter(|pod| {
        let mut containers = pod.containers();
        containers.any(|container| container.spec.image_name() == "external-dns")
            && pod.unready_since().is_some()
    });
    for pod in publishers {
        sighting = blaming(sighting, cluster.top_of(pod), "publishes the name for");
    }
    sighting
}

/// Whether an Ingress or a route has this host.
fn is_published(cluster: &Cluster<'_>, host: &str) -> bool {
    let mut ingresses = cluster.all::<Ingress>();
    let mut routes = cluster.customs("gateway.networking.k8s.io", "HTTPRoute");
    ingresses.any(|ingress| ingress.spec.rules.iter().any(|rule| rule.host == *host))
        || routes.any(|route| {
            let mut names = route.spec_list("/hostnames").iter();
            names.any(|name| name.as_str() == Some(host))
        })
}
