//! The cache of names on a node (NodeLocal DNSCache): kubelets send pods to its address, which exists on a node only while
//! its pod runs there.

use super::node_lacks_network_agent::{not_well, suffering};
use crate::analysis::Sighting;
use crate::analyzers::nodes::kept_off::{self, kept_off};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{DaemonSet, Node, Object, PodSpec};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

/// A question to an address of the node itself (link-local, RFC 3927) that nobody answered. Group 1 is the address.
static UNANSWERED: Pattern =
    Pattern::new(r"\bon (169\.254\.\d+\.\d+):53\b.*(?:connection refused|i/o timeout)");

/// Whether one of the containers is such a cache.
pub(in crate::analyzers) fn is_name_cache(spec: &PodSpec) -> bool {
    let mut containers = spec.containers.iter();
    containers.any(|container| container.image_name().contains("dns-node-cache"))
}

/// Whether a line tells of such a question.
pub(in crate::analyzers) fn asked_in_vain(line: &str) -> bool {
    UNANSWERED.is_in(line)
}

/// The cache that its DaemonSet keeps off a node while pods there ask it for names.
pub(super) fn missing(cluster: &Cluster<'_>, node: &Node) -> Option<Sighting> {
    let (set, why) = cluster
        .all::<DaemonSet>()
        .filter(|set| is_name_cache(&set.spec.template.spec))
        .find_map(|set| Some((set, kept_off(set, node)?)))?;
    if cluster
        .pods_on(&node.metadata.name)
        .any(|pod| pod.is_live() && is_name_cache(&pod.spec))
    {
        return None;
    }
    let (address, proof) = cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| pod.is_live() && !pod.is_ready())
        .find_map(|pod| {
            pod.spec.containers.iter().find_map(|container| {
                let log = cluster.log(pod, &container.name, false)?;
                let mut newest = log.lines.iter().rev();
                newest.find_map(|line| {
                    let address = UNANSWERED.first(line)?;
                    let proof = Evidence::log(pod.reference(), &container.name, line, None);
                    Some((address, proof))
                })
            })
        })?;
    let (own, subject) = (node.reference(), set.reference());
    let title = format!(
        "Nobody answers for names at {address} on {own}: {subject} {}",
        why.words()
    );
    let explanation = format!(
        "Pods there are told to ask {address}, which the cache of names serves on nodes where it runs.{}",
        not_well(suffering(cluster, node))
    );
    let sighting = kept_off::sighting(set, node, &why, title, explanation)
        .severity(Severity::Critical)
        .evidence(proof)
        .suggest(Suggestion::advice(format!(
            "Let {subject} run on {own}, or have its kubelet name the cluster's DNS (clusterDNS) to pods"
        )));
    Some(sighting)
}
