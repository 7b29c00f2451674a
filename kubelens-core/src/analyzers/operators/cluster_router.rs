//! The routers of OpenShift, through which parts of the cluster ask each other.

use crate::analyzers::log_host::hosts_in;
use crate::kubernetes::CustomObject;
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Where the pods of all routers run.
const HOME: &str = "openshift-ingress";

/// What stands behind a router, or behind a host or name in a message that is one's own: an operator asks its own part by
/// its route.
pub(super) fn routers_behind(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    message: &str,
) -> Vec<(ObjectRef, &'static str)> {
    if object.group() == "operator.openshift.io" && object.kind == "IngressController" {
        let name = format!("router-{}", object.metadata.name);
        let router = ObjectRef::namespaced("apps/v1", "Deployment", HOME, &name);
        return vec![(router, "runs")];
    }
    let hosts = hosts_in(message);
    cluster
        .customs("operator.openshift.io", "IngressController")
        .filter(|router| {
            let domain = format!(".{}", router.status_text("/domain"));
            let is_named =
                message.contains(&format!("\"{}\" ingress controller", router.metadata.name));
            // The installer gives the first router the domain `apps.` of the cluster.
            let is_first = domain.len() == 1 && router.metadata.name == "default";
            let has_host = hosts.iter().any(|host| {
                let is_below = domain.len() > 1 && host.name.ends_with(&domain);
                is_below || (is_first && host.name.contains(".apps."))
            });
            is_named || has_host
        })
        .map(|router| (router.reference(), "routes to"))
        .collect()
}
