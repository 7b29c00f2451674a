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

/// How the API server begins to tell of a webhook that it could not call.
const WEBHOOK: [&str; 2] = ["conversion webhook for", "failed calling webhook"];

/// The same sighting, pointing at the Services that the message says were not reached, and at their pods. Reads Service,
/// Pod, Ingress and Namespace.
pub(super) fn unreached(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    mut sighting: Sighting,
    message: &str,
) -> Sighting {
    if !NO_ANSWER
        .iter()
        .chain(&WEBHOOK)
        .any(|words| message.contains(words))
    {
        return sighting;
    }
    // What comes before a quoted call is of no concern to it.
    let quoted = WEBHOOK
        .iter()
        .find_map(|words| message.split_once(words))
        .map_or(message, |(_, call)| call);
    for host in hosts_in(quoted) {
        for (suspect, relation) in suspects(cluster, &object.metadata.namespace, host.name) {
            sighting = blaming(sighting, suspect, relation);
        }
    }
    sighting
}
