//! Nodes that run out of addresses together: what is used up is what they share, not what one of them has.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::sandbox_failure::{Part, SandboxFailure, failure, part};
use crate::kubernetes::{Pod, Text};
use crate::snapshot::{Cluster, Digest};

/// The nodes that lack addresses in the same words, by the words.
#[derive(Debug, PartialEq)]
struct Together(BTreeMap<String, BTreeSet<Text>>);

impl Digest for Together {
    fn of(cluster: &Cluster<'_>, _: &str) -> Self {
        let mut said: BTreeMap<String, (Option<Timestamp>, BTreeSet<Text>)> = BTreeMap::new();
        for event in cluster.events_with_reason("FailedCreatePodSandBox") {
            let about = &event.involved_object;
            let failed = cluster
                .get::<Pod>(&about.namespace, &about.name)
                .and_then(|pod| failure(cluster, pod))
                .filter(|failed| is_shared(&failed.event.message));
            if let Some(failed) = failed {
                let (since, nodes) = said.entry(words(&failed.event.message)).or_default();
                *since = since.iter().copied().chain(failed.event.first_seen()).min();
                nodes.insert(failed.pod.node_name.clone());
            }
        }
        let told = said.into_iter().filter(|(_, (since, nodes))| {
            nodes.len() > 1 && !is_elsewhere_fine(cluster, *since, nodes)
        });
        Self(told.map(|(words, (_, nodes))| (words, nodes)).collect())
    }
}

/// Whether another node gave a pod an address since.
fn is_elsewhere_fine(
    cluster: &Cluster<'_>,
    since: Option<Timestamp>,
    nodes: &BTreeSet<Text>,
) -> bool {
    cluster.all::<Pod>().any(|pod| {
        !pod.spec.host_network
            && pod.metadata.creation_timestamp > since
            && pod.has_started_a_container()
            && !nodes.contains(&pod.node_name)
    })
}

/// Whether addresses lack that are not the node's own: each node has a range for itself where a plugin hands those out.
fn is_shared(text: &str) -> bool {
    part(text) == Part::Addresses && !is_of_a_range(text)
}

/// Whether the words are about a range from which the plugin hands out addresses on the node.
pub(super) fn is_of_a_range(text: &str) -> bool {
    text.contains("range set") || text.contains("allocate for range")
}

/// A text without what differs from pod to pod: identifiers, addresses and numbered names.
fn words(text: &str) -> String {
    let parts = text.split([' ', '"', '=', '(', ')']);
    let kept = parts.filter(|part| !part.contains(|letter: char| letter.is_ascii_digit()));
    kept.collect::<Vec<_>>().join(" ")
}

/// All nodes that lack addresses in the words of this failure, where no other node gives out any; none where it is
/// alone with them.
pub(super) fn nodes_alike(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> BTreeSet<Text> {
    let together = cluster.digest::<Together>();
    let nodes = together.0.get(&words(&failure.event.message));
    nodes
        .filter(|nodes| nodes.contains(&failure.pod.node_name))
        .cloned()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn two_pods_say_the_same_in_spite_of_their_names() {
        let of = |id: &str, pod: &str| {
            format!(
                r#"failed to setup network for sandbox "{id}": error adding pod {pod} to CNI network: plugin type="aws-cni" failed (add): failed to assign an IP address to container"#
            )
        };
        assert_eq!(
            words(&of("a3dba9", "shop_web-1")),
            words(&of("185c90", "shop_web-2"))
        );
    }
}
