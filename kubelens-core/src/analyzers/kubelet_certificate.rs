//! The certificate with which a kubelet serves: who asks a kubelet for something fails while it is not issued.

use super::log_host::Host;
use crate::kubernetes::{CertificateSigningRequest, Node, Object, condition};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Who signs it.
pub(super) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";

/// The newest request for such a certificate that nobody has decided, if one of these hosts is a node. Reads Node and
/// CertificateSigningRequest.
pub(super) fn undecided_request(cluster: &Cluster<'_>, hosts: &[Host<'_>]) -> Option<ObjectRef> {
    if !names_a_node(cluster, hosts) {
        return None;
    }
    cluster
        .all::<CertificateSigningRequest>()
        .filter(|request| request.spec.signer_name == *KUBELET_SERVING && !is_decided(request))
        .max_by_key(|request| request.metadata.creation_timestamp)
        .map(Object::reference)
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
