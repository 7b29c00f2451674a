//! Which network agent it is that the agents of other nodes do not reach. A session between two nodes has two ends, and
//! both agents complain of it; the one that reaches fewer of the others is the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::node_lacks_network_agent::{is_late, own_words};
use super::sandbox_failure::moves_traffic;
use crate::kubernetes::{Object, Pod};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// The agents of a namespace that say which addresses they do not reach, by the address of their node.
struct Unreached(BTreeMap<IpAddr, Agent>);

struct Agent {
    pod: ObjectRef,
    peers: BTreeSet<IpAddr>,
}

impl Unreached {
    fn of(cluster: &Cluster<'_>, namespace: &str) -> Self {
        let pods = cluster.in_namespace::<Pod>(namespace);
        let agents = pods.filter(|pod| moves_traffic(&pod.metadata.name) && is_late(cluster, pod));
        let all = agents.filter_map(|pod| {
            let words = own_words(cluster.newest_event(pod, &["Unhealthy"])?)?;
            let agent = Agent {
                pod: pod.reference(),
                peers: addresses_in(words),
            };
            Some((pod.status.host_ip.parse().ok()?, agent))
        });
        Self(all.collect())
    }
}

/// The agent that does not reach this one either, and more of the others than this one does: one that both complain of
/// alike is nobody's fault.
pub(super) fn lonelier_peer(cluster: &Cluster<'_>, agent: &Pod) -> Option<ObjectRef> {
    let namespace = agent.metadata.namespace.as_str();
    let all = cluster.once_about(namespace, |cluster| Unreached::of(cluster, namespace));
    let address: IpAddr = agent.status.host_ip.parse().ok()?;
    let own = all.0.get(&address)?;
    let lonelier = all
        .0
        .values()
        .filter(|other| other.peers.contains(&address) && other.peers.len() > own.peers.len());
    let loneliest = lonelier.max_by_key(|other| other.peers.len())?;
    Some(loneliest.pod.clone())
}

fn addresses_in(words: &str) -> BTreeSet<IpAddr> {
    words
        .split(|letter: char| letter.is_whitespace() || letter == ',')
        .filter_map(|word| word.parse().ok())
        .collect()
}
