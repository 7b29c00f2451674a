//! Whom an operator could not reach, as its message says.

use super::failing::blaming;
use super::made_by_name::makers_of_service;
use crate::analysis::{MADE_FROM, Sighting};
use crate::analyzers::log_host::{hosts_in, missing_service, suspects};
use crate::kubernetes::CustomObject;
use crate::snapshot::Cluster;

/// Words of a call that nobody answered.
const NO_ANSWER: [&str; 7] = [
    "connection refused",
    "no such host",
    "i/o timeout",
    "deadline exceeded",
    "no endpoints available",
    "UnknownHostException",
    "Name or service not known",
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
        let own = object.metadata.namespace.as_str();
        for (suspect, relation) in suspects(cluster, own, host.name) {
            sighting = blaming(sighting, suspect, relation);
        }
        if let Some(missing) = missing_service(cluster, own, host.name) {
            for maker in makers_of_service(cluster, &missing.namespace, &missing.name) {
                sighting = blaming(sighting, maker.reference(), MADE_FROM);
            }
        }
    }
    sighting
}
