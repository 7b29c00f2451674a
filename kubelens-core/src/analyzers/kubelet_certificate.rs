//! The certificates of a kubelet: who asks it for something fails while the one with which it serves is not issued, and
//! it is silent itself without the one with which it calls.

use jiff::Timestamp;

use super::log_host::Host;
use crate::kubernetes::{CertificateSigningRequest, Node, Object, condition};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Who signs it.
pub(super) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";

/// Who signs the one with which it calls the API server.
pub(super) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";

/// Seconds in which a machine that died is replaced by one that joins, and asks for a certificate as every new one does.
const REPLACED: i64 = 3600;

/// The request that stands for those on which a silent kubelet waits: for a certificate of a kubelet, made after it was
/// last heard, by itself or by the account with which nodes join, and decided by nobody. Reads CertificateSigningRequest.
pub(super) fn awaited_by(
    cluster: &Cluster<'_>,
    node: &Node,
    heard: Option<Timestamp>,
) -> Option<ObjectRef> {
    let own = format!("system:node:{}", node.metadata.name);
    let waiting = move || {
        cluster
            .all::<CertificateSigningRequest>()
            .filter(move |request| {
                request.spec.signer_name == *KUBELET_CLIENT
                    && !is_decided(request)
                    && request.metadata.creation_timestamp > heard
            })
    };
    let newest = |of: &dyn Fn(&CertificateSigningRequest) -> bool| {
        waiting()
            .filter(|request| of(request))
            .max_by_key(|request| request.metadata.creation_timestamp)
            .map(Object::reference)
    };
    let joins = |request: &CertificateSigningRequest| {
        let user = request.spec.username.as_str();
        let is_long_after = match (heard, request.metadata.creation_timestamp) {
            (Some(heard), Some(made)) => made.duration_since(heard).as_secs() > REPLACED,
            _ => false,
        };
        is_long_after && (user.starts_with("system:bootstrap:") || user.ends_with("bootstrapper"))
    };
    let renews =
        |request: &CertificateSigningRequest| request.spec.username.starts_with("system:node:");
    if waiting().any(|request| request.spec.username == *own) {
        newest(&renews)
    } else {
        newest(&joins)
    }
}

/// The newest request for such a certificate that nobody has decided, if one of these hosts is a node. Reads Node and
/// CertificateSigningRequest.
pub(super) fn undecided_request(cluster: &Cluster<'_>, hosts: &[Host<'_>]) -> Option<ObjectRef> {
    names_a_node(cluster, hosts).then(|| newest_undecided(cluster))?
}

/// The newest request for such a certificate that nobody has decided, if one of these nodes waits for its own. Reads
/// CertificateSigningRequest.
pub(super) fn undecided_request_of(cluster: &Cluster<'_>, nodes: &[&str]) -> Option<ObjectRef> {
    let waits = |request: &CertificateSigningRequest| {
        let user = request.spec.username.as_str();
        let node = user.strip_prefix("system:node:");
        node.is_some_and(|node| nodes.contains(&node))
    };
    undecided(cluster)
        .any(waits)
        .then(|| newest_undecided(cluster))?
}

fn newest_undecided(cluster: &Cluster<'_>) -> Option<ObjectRef> {
    undecided(cluster)
        .max_by_key(|request| request.metadata.creation_timestamp)
        .map(Object::reference)
}

fn undecided<'a, 'c>(
    cluster: &'c Cluster<'a>,
) -> impl Iterator<Item = &'a CertificateSigningRequest> + use<'a, 'c> {
    cluster
        .all::<CertificateSigningRequest>()
        .filter(|request| request.spec.signer_name == *KUBELET_SERVING && is_late(cluster, request))
}

/// Whether nobody has decided a request for longer than that takes.
pub(super) fn is_late(cluster: &Cluster<'_>, request: &CertificateSigningRequest) -> bool {
    !is_decided(request)
        && cluster.age(&request.metadata) > cluster.thresholds(&request.metadata).csr_grace
}

/// Whether one of these hosts is a node. Reads Node.
pub(super) fn names_a_node(cluster: &Cluster<'_>, hosts: &[Host<'_>]) -> bool {
    let mut hosts = hosts.iter();
    hosts.any(|host| cluster.nodes_but_heartbeats().any(|node| is_at(node, host)))
}

/// Whether somebody approved or denied a request.
pub(super) fn is_decided(request: &CertificateSigningRequest) -> bool {
    ["Approved", "Denied"]
        .iter()
        .any(|type_| condition(&request.status.conditions, type_).is_some())
}

/// Whether the host is an address of the node.
fn is_at(node: &Node, host: &Host<'_>) -> bool {
    let mut addresses = node.status.addresses.iter();
    addresses.any(|known| known.address == *host.name)
}
