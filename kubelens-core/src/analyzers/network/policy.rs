//! What NetworkPolicies let through: the v1 semantics of networking.k8s.io.
//!
//! A pod that at least one policy of a direction selects is isolated there; then a connection needs
//! one rule of one of those policies that names its peer and its port.

use std::net::IpAddr;

use super::service_port::{port_in, protocol};
use crate::kubernetes::{
    IntOrString, IpBlock, LabelSelector, Namespace, NetworkPolicy, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicyRule, Pod, ServicePort,
};
use crate::snapshot::Cluster;

/// Which end of a connection a policy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analyzers) enum Direction {
    /// What may come in.
    Ingress,
    /// What may go out.
    Egress,
}

impl Direction {
    /// As `policyTypes` has it.
    pub(in crate::analyzers) const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }

    /// The field that holds its rules.
    pub(in crate::analyzers) const fn field(self) -> &'static str {
        match self {
            Self::Ingress => "spec.ingress",
            Self::Egress => "spec.egress",
        }
    }
}

/// A connection as policies see it: two pods, and the port of the one that is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection<'a> {
    /// Who calls.
    pub(super) source: &'a Pod,
    /// Who is called.
    pub(super) target: &'a Pod,
    /// The called pod's own port; none where that is not known.
    pub(super) port: Option<i64>,
    /// `TCP`, `UDP`, `SCTP`.
    pub(super) protocol: &'a str,
}

impl<'a> Connection<'a> {
    /// A call to where a Service port leads in a pod; TCP where the port is not known.
    pub(super) fn to(source: &'a Pod, target: &'a Pod, port: Option<&'a ServicePort>) -> Self {
        Self {
            source,
            target,
            port: port.and_then(|port| port_in(target, port).number()),
            protocol: port.map_or("TCP", |port| protocol(&port.protocol)),
        }
    }
}

/// Why a connection does not come through: the policies that isolate one end of it, the one that
/// comes nearest to allowing it first.
#[derive(Debug, Clone)]
pub(super) struct Denial<'a> {
    /// At which end.
    pub(super) direction: Direction,
    /// The policies that isolate that end.
    pub(super) policies: Vec<&'a NetworkPolicy>,
    /// What the first one lacks.
    pub(super) lack: Lack,
}

/// What the nearest rule lacks for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lack {
    /// It has no rule at all.
    Rules,
    /// No rule names the peer, nor the port.
    Both,
    /// A rule names the port, not the peer.
    Peer,
    /// A rule names the peer, not the port.
    Port,
}

/// Why the connection is denied; none where it is allowed, or where that is not known.
pub(super) fn denial<'a>(cluster: &Cluster<'a>, call: &Connection<'a>) -> Option<Denial<'a>> {
    if call.source.spec.host_network || call.target.spec.host_network {
        return None;
    }
    [Direction::Egress, Direction::Ingress]
        .into_iter()
        .find_map(|direction| denial_at(cluster, call, direction))
}

fn denial_at<'a>(
    cluster: &Cluster<'a>,
    call: &Connection<'a>,
    direction: Direction,
) -> Option<Denial<'a>> {
    let (own, peer) = match direction {
        Direction::Egress => (call.source, call.target),
        Direction::Ingress => (call.target, call.source),
    };
    let mut policies = isolating(cluster, own, direction);
    if policies.is_empty() {
        return None;
    }
    let lack_of = |policy: &NetworkPolicy| {
        let mut nearest = Lack::Rules;
        for rule in rules(policy, direction) {
            let peer_fits = peers_match(cluster, &policy.metadata.namespace, rule, peer);
            let port_fits = ports_match(rule, call);
            match (peer_fits, port_fits) {
                (true, true) => return None,
                (true, false) => nearest = nearest.max(Lack::Port),
                (false, true) => nearest = nearest.max(Lack::Peer),
                (false, false) => nearest = nearest.max(Lack::Both),
            }
        }
        Some(nearest)
    };
    let mut lacks = Vec::with_capacity(policies.len());
    for policy in &policies {
        lacks.push((lack_of(policy)?, *policy));
    }
    lacks.sort_by(|(a, x), (b, y)| {
        let newest = y
            .metadata
            .creation_timestamp
            .cmp(&x.metadata.creation_timestamp);
        b.cmp(a)
            .then(newest)
            .then(x.metadata.name.cmp(&y.metadata.name))
    });
    let lack = lacks.first().map(|(lack, _)| *lack)?;
    policies = lacks.into_iter().map(|(_, policy)| policy).collect();
    Some(Denial {
        direction,
        policies,
        lack,
    })
}

/// The policies that isolate a pod in a direction.
pub(super) fn isolating<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    direction: Direction,
) -> Vec<&'a NetworkPolicy> {
    cluster
        .in_namespace::<NetworkPolicy>(&pod.metadata.namespace)
        .filter(|policy| !policy.metadata.is_terminating())
        .filter(|policy| covers(policy, direction))
        .filter(|policy| policy.spec.pod_selector.matches(&pod.metadata.labels))
        .collect()
}

/// Whether a policy says anything about a direction. Without `policyTypes` every policy is about
/// ingress, and about egress where it has egress rules.
pub(in crate::analyzers) fn covers(policy: &NetworkPolicy, direction: Direction) -> bool {
    let spec = &policy.spec;
    if spec.policy_types.is_empty() {
        return direction == Direction::Ingress || spec.egress.is_some();
    }
    spec.policy_types
        .iter()
        .any(|type_| type_ == direction.as_str())
}

/// The rules of a policy for a direction.
pub(in crate::analyzers) fn rules(
    policy: &NetworkPolicy,
    direction: Direction,
) -> &[NetworkPolicyRule] {
    let rules = match direction {
        Direction::Ingress => &policy.spec.ingress,
        Direction::Egress => &policy.spec.egress,
    };
    rules.as_deref().unwrap_or_default()
}

/// Whether a rule names the peer; a rule without peers names everybody.
fn peers_match(
    cluster: &Cluster<'_>,
    namespace: &str,
    rule: &NetworkPolicyRule,
    pod: &Pod,
) -> bool {
    rule.peers.is_empty()
        || rule
            .peers
            .iter()
            .any(|peer| peer_matches(cluster, namespace, peer, pod))
}

fn peer_matches(
    cluster: &Cluster<'_>,
    namespace: &str,
    peer: &NetworkPolicyPeer,
    pod: &Pod,
) -> bool {
    if let Some(block) = &peer.ip_block {
        return address_of(pod).is_some_and(|address| in_block(block, address));
    }
    let is_in_namespace = match &peer.namespace_selector {
        None => pod.metadata.namespace == namespace,
        Some(selector) => namespace_matches(cluster, selector, &pod.metadata.namespace),
    };
    let is_selected = peer
        .pod_selector
        .as_ref()
        .is_none_or(|selector| selector.matches(&pod.metadata.labels));
    is_in_namespace && is_selected
}

/// Whether a selector matches a namespace; a namespace whose labels were not read is taken to match,
/// so that nothing is called denied that may be allowed.
pub(super) fn namespace_matches(
    cluster: &Cluster<'_>,
    selector: &LabelSelector,
    namespace: &str,
) -> bool {
    cluster
        .get::<Namespace>("", namespace)
        .is_none_or(|namespace| selector.matches(&namespace.metadata.labels))
}

fn address_of(pod: &Pod) -> Option<IpAddr> {
    pod.status.pod_ip.parse().ok()
}

/// Whether an address lies in a block and in none of its exceptions.
pub(super) fn in_block(block: &IpBlock, address: IpAddr) -> bool {
    in_range(&block.cidr, address) && !block.except.iter().any(|range| in_range(range, address))
}

/// Whether an address lies in a CIDR range.
pub(super) fn in_range(cidr: &str, address: IpAddr) -> bool {
    let Some((network, length)) = cidr.split_once('/') else {
        return false;
    };
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else {
        return false;
    };
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (
            u128::from(network.to_bits()),
            u128::from(address.to_bits()),
            32,
        ),
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    if length > width {
        return false;
    }
    let shift = width - length;
    // A shift by the whole width is no shift in Rust; /0 holds everything.
    shift == 128 || (network >> shift) == (address >> shift)
}

/// Whether a rule names the called port; a rule without ports names all, and a port that is not known
/// is taken to be named.
pub(super) fn ports_match(rule: &NetworkPolicyRule, call: &Connection<'_>) -> bool {
    rule.ports.is_empty() || rule.ports.iter().any(|port| port_matches(port, call))
}

fn port_matches(port: &NetworkPolicyPort, call: &Connection<'_>) -> bool {
    if port.protocol.non_empty().unwrap_or("TCP") != call.protocol {
        return false;
    }
    let Some(called) = call.port else {
        return true;
    };
    match &port.port {
        None => true,
        Some(IntOrString::Int(first)) => {
            (*first..=port.end_port.unwrap_or(*first)).contains(&called)
        }
        Some(IntOrString::String(name)) => {
            super::service_port::declared(call.target).any(|(_, known)| {
                known.name == *name
                    && known.container_port == called
                    && super::service_port::protocol(&known.protocol) == call.protocol
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    const PODS: &str = r"
# now: 2026-01-01T12:00:00Z
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop, kubernetes.io/metadata.name: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank, labels: {team: bank, kubernetes.io/metadata.name: bank}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {podIP: 10.0.1.7}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: bank, labels: {app: db}}
spec: {containers: [{name: db, ports: [{name: pg, containerPort: 5432}]}]}
status: {podIP: 10.0.2.9}
";

    /// Whether web may call db on TCP 5432 under these policies; `None` if so.
    fn web_to_db(policies: &[&str]) -> Option<(&'static str, Lack, String)> {
        let mut text = PODS.to_owned();
        for policy in policies {
            text.push_str("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n");
            text.push_str(policy);
            text.push('\n');
        }
        let picture = picture(&text);
        let cluster = Cluster::new(&picture);
        let call = Connection {
            source: cluster.get("shop", "web")?,
            target: cluster.get("bank", "db")?,
            port: Some(5432),
            protocol: "TCP",
        };
        let denial = denial(&cluster, &call)?;
        let first = denial.policies.first()?.metadata.name.to_string();
        Some((denial.direction.as_str(), denial.lack, first))
    }

    #[test]
    fn nothing_is_isolated_without_a_policy_that_selects_it() {
        assert_eq!(web_to_db(&[]), None);
        let other =
            "metadata: {name: p, namespace: bank}\nspec: {podSelector: {matchLabels: {app: x}}}";
        assert_eq!(web_to_db(&[other]), None);
        let elsewhere = "metadata: {name: p, namespace: mail}\nspec: {podSelector: {}}";
        assert_eq!(web_to_db(&[elsewhere]), None);
    }

    #[test]
    fn an_isolated_end_needs_one_rule_that_names_peer_and_port() {
        let deny = "metadata: {name: deny, namespace: bank}\nspec: {podSelector: {}}";
        assert_eq!(
            web_to_db(&[deny]),
            Some(("Ingress", Lack::Rules, "deny".to_owned()))
        );
        let allow = "metadata: {name: allow, namespace: bank}\nspec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {app: web}}}], ports: [{port: pg}]}]}";
        assert_eq!(web_to_db(&[deny, allow]), None);
        let wrong_port = allow.replace("port: pg", "port: 3306");
        assert_eq!(
            web_to_db(&[deny, &wrong_port]),
            Some(("Ingress", Lack::Port, "allow".to_owned()))
        );
        let wrong_peer = allow.replace("app: web", "app: api");
        assert_eq!(
            web_to_db(&[deny, &wrong_peer]),
            Some(("Ingress", Lack::Peer, "allow".to_owned()))
        );
        let udp = allow.replace("port: pg", "port: 5432, protocol: UDP");
        assert_eq!(
            web_to_db(&[&udp]),
            Some(("Ingress", Lack::Port, "allow".to_owned()))
        );
    }

    #[test]
    fn a_pod_selector_alone_means_the_own_namespace() {
        let own = "metadata: {name: p, namespace: bank}\nspec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}";
        assert_eq!(
            web_to_db(&[own]),
            Some(("Ingress", Lack::Peer, "p".to_owned()))
        );
    }

    #[test]
    fn egress_counts_where_it_is_listed_or_has_rules() {
        let listed =
            "metadata: {name: p, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Egress]}";
        assert_eq!(
            web_to_db(&[listed]),
            Some(("Egress", Lack::Rules, "p".to_owned()))
        );
        let ingress_only = "metadata: {name: p, namespace: shop}\nspec: {podSelector: {}}";
        assert_eq!(web_to_db(&[ingress_only]), None);
        let open = "metadata: {name: p, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}";
        assert_eq!(web_to_db(&[open]), None);
        let range = "metadata: {name: p, namespace: shop}\nspec: {podSelector: {}, egress: [{ports: [{port: 5000, endPort: 6000}]}]}";
        assert_eq!(web_to_db(&[range]), None);
    }

    #[test]
    fn blocks_hold_addresses_but_for_their_exceptions() {
        let block = |json: &str, address: &str| {
            let block: IpBlock = serde_json::from_str(json).unwrap_or_default();
            address
                .parse()
                .is_ok_and(|address| in_block(&block, address))
        };
        assert!(block(r#"{"cidr":"10.0.0.0/16"}"#, "10.0.255.1"));
        assert!(!block(r#"{"cidr":"10.0.0.0/16"}"#, "10.1.0.1"));
        assert!(block(r#"{"cidr":"0.0.0.0/0"}"#, "203.0.113.1"));
        assert!(block(r#"{"cidr":"::/0"}"#, "2001:db8::1"));
        assert!(!block(r#"{"cidr":"::/0"}"#, "10.0.0.1"));
        assert!(!block(
            r#"{"cidr":"10.0.0.0/8","except":["10.0.2.0/24"]}"#,
            "10.0.2.9"
        ));
        assert!(!block(r#"{"cidr":"nonsense"}"#, "10.0.2.9"));
    }
}
