//! Calls of the API server to pods of the cluster (webhooks, aggregated APIs) that a NetworkPolicy drops.

use super::endpoints::live_pods;
use super::policy::{Connection, Direction, isolating, ports_match, rules};
use crate::analyzers::tunnel;
use crate::kubernetes::{NetworkPolicy, NetworkPolicyRule, Pod, Service, ServiceReference};
use crate::snapshot::Cluster;

/// The words of a call to which nothing came back.
const NO_ANSWER: [&str; 4] = [
    "deadline exceeded",
    "i/o timeout",
    "Client.Timeout",
    "timed out",
];

/// The policy that lets no call of the API server to a Service through, where such a call failed in these words. The
/// API server is no pod, so no selector names it; a rule for everybody or for an address range may. Reads Service, Pod,
/// NetworkPolicy, DaemonSet and Deployment.
pub(in crate::analyzers) fn shut_out<'a>(
    cluster: &Cluster<'a>,
    called: &ServiceReference,
    words: &str,
) -> Option<&'a NetworkPolicy> {
    if !NO_ANSWER.iter().any(|mark| words.contains(mark)) {
        return None;
    }
    let service = cluster.get::<Service>(&called.namespace, &called.name)?;
    let pods = live_pods(cluster, service);
    let policies: Option<Vec<&NetworkPolicy>> = pods
        .iter()
        .map(|pod| shutting(cluster, service, called.port.unwrap_or(443), pod))
        .collect();
    let policy = policies?.into_iter().next()?;
    // Through a tunnel the calls come from a pod.
    tunnel::agents(cluster).is_empty().then_some(policy)
}

/// The newest of the policies that isolate a pod, if none of them lets the API server in.
fn shutting<'a>(
    cluster: &Cluster<'a>,
    service: &'a Service,
    number: i64,
    pod: &'a Pod,
) -> Option<&'a NetworkPolicy> {
    if pod.spec.host_network {
        return None;
    }
    let mut ports = service.spec.ports.iter();
    // Who calls is no pod; only the port counts below.
    let call = Connection::to(pod, pod, ports.find(|port| port.port == number));
    let policies = isolating(cluster, pod, Direction::Ingress);
    let admits = |rule: &NetworkPolicyRule| {
        let may_name_it =
            rule.peers.is_empty() || rule.peers.iter().any(|peer| peer.ip_block.is_some());
        may_name_it && ports_match(rule, &call)
    };
    let is_let_in = policies
        .iter()
        .flat_map(|policy| rules(policy, Direction::Ingress))
        .any(admits);
    if is_let_in {
        return None;
    }
    policies.into_iter().max_by(|a, b| {
        let (a, b) = (&a.metadata, &b.metadata);
        a.creation_timestamp
            .cmp(&b.creation_timestamp)
            .then(b.name.cmp(&a.name))
    })
}
