//! Whom an operator could not reach, as its message says.

use super::failing::blaming;
use crate::analysis::Sighting;
use crate::analyzers::log_host::{hosts_in, suspects};
use crate::kubernetes::CustomObject;
use crate::snapshot::Cluster;

/// Words of a call that nobody answered.
const NO_ANSWER: [&str; 5] = [
    "connection refused",
    "no such host",
    "i/o timeout",
    "deadline exceeded",
    "no endpoints available",
];

/// The same sighting, pointing at the Services that the message says were not reached, and at their pods. Reads Service,
/// Pod, Ingress and Namespace.
pub(super) fn unreached(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    mut sighting: Sighting,
    message: &str,
) -> Sighting {
    if !NO_ANSWER.iter().any(|words| message.contains(words)) {
        return sighting;
    }
    for host in hosts_in(message) {
        for (suspect, relation) in suspects(cluster, &object.metadata.namespace, host.name) {
            sighting = blaming(sighting, suspect, relation);
        }
    }
    sighting
}
