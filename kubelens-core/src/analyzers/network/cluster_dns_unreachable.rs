use std::collections::BTreeSet;
use std::net::IpAddr;

use super::cluster_dns;
use super::failed_call::{FailedCall, Failure, failed_calls};
use super::policy::{Connection, Direction, covers, denial, in_block, isolating, rules};
use super::policy_text::{look_at, rules_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{IntOrString, Kind, NetworkPolicy, NetworkPolicyRule, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A NetworkPolicy closes the egress of pods and leaves no way to the cluster's name service on
    /// port 53: these pods can resolve no name.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web/web | dial tcp: lookup db.shop.svc on 10.96.0.10:53: read udp 10.0.0.7:1->10.96.0.10:53: i/o timeout
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: only-database, namespace: shop}
    /// spec:
    ///   podSelector: {matchLabels: {app: web}}
    ///   policyTypes: [Egress]
    ///   egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ```
    ///
    /// # Stays silent on
    /// A rule for port 53, and pods that use no cluster DNS:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   podSelector: {matchLabels: {app: web}}
    ///   policyTypes: [Egress]
    ///   egress:
    ///   - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
    ///   - to: [{podSelector: {matchLabels: {app: db}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: closed, namespace: shop}
    /// spec: {podSelector: {matchLabels: {app: calc}}, policyTypes: [Egress]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: calc, namespace: shop, labels: {app: calc}}
    /// spec: {dnsPolicy: None, containers: [{name: calc}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Add an egress rule for UDP and TCP port 53 to the pods of the cluster's name service.
    ///
    /// # What it cannot know
    /// Whether a ready pod ever needs a name, and what other policy engines allow.
    ///
    /// # Source
    /// `spec.egress` of networking/v1 NetworkPolicy; the pods of the Service `kube-dns`.
    NET051 "cluster-dns-unreachable" {
        role: Root,
        severity: Warning,
        confidence: 0.80,
        reads: [NetworkPolicy, Pod, Namespace, Service, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob],
        maps_to: [],
        check: Cluster(check),
    }
}

/// The port of name services.
const DNS: i64 = 53;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let namespaces: BTreeSet<&str> = cluster
        .all::<NetworkPolicy>()
        .filter(|policy| covers(policy, Direction::Egress))
        .map(|policy| policy.metadata.namespace.as_str())
        .collect();
    if namespaces.is_empty() {
        return;
    }
    let calls = failed_calls(cluster);
    let servers = cluster_dns::pods(cluster);
    for namespace in namespaces {
        let mut seen: BTreeSet<(ObjectRef, bool)> = BTreeSet::new();
        for pod in cluster.in_namespace::<Pod>(namespace) {
            if !pod.is_live() || pod.spec.host_network || pod.spec.dns_policy == "None" {
                continue;
            }
            // Pods of one owner are told apart only by whether they are ready.
            if !seen.insert((cluster.top_of(pod), pod.is_ready())) {
                continue;
            }
            if let Some(policy) = closing(cluster, pod, &servers) {
                sink.report(sighting(cluster, pod, policy, &calls));
            }
        }
    }
}

/// The policy that keeps a pod from the name service: the nearest of those that isolate it.
fn closing<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    servers: &[&'a Pod],
) -> Option<&'a NetworkPolicy> {
    let policies = isolating(cluster, pod, Direction::Egress);
    let allows = policies
        .iter()
        .flat_map(|policy| rules(policy, Direction::Egress))
        .any(|rule| may_reach_a_server(cluster, rule, servers.is_empty()));
    if policies.is_empty() || allows {
        return None;
    }
    if servers.is_empty() {
        return policies.into_iter().next();
    }
    let mut denied = None;
    for server in servers {
        let call = Connection {
            source: pod,
            target: server,
            port: Some(port_of(server)),
            protocol: "UDP",
        };
        let denial =
            denial(cluster, &call).filter(|denial| denial.direction == Direction::Egress)?;
        denied = denied.or(denial.policies.into_iter().next());
    }
    denied
}

/// The port on which a name server's pod answers; some listen on another and are mapped.
fn port_of(server: &Pod) -> i64 {
    super::service_port::declared(server)
        .find(|(_, port)| port.protocol == "UDP")
        .map_or(DNS, |(_, port)| port.container_port)
}

/// Whether a rule lets port 53 out to something that may be the name service: to its Service's
/// address or a node-local one; to any peer where its pods were not read.
fn may_reach_a_server(
    cluster: &Cluster<'_>,
    rule: &NetworkPolicyRule,
    servers_unread: bool,
) -> bool {
    let names_port = rule.ports.is_empty()
        || rule.ports.iter().any(|port| {
            port.protocol == "UDP"
                && match &port.port {
                    None => true,
                    Some(IntOrString::Int(first)) => {
                        (*first..=port.end_port.unwrap_or(*first)).contains(&DNS)
                    }
                    Some(IntOrString::String(name)) => name.contains("dns"),
                }
        });
    if !names_port {
        return false;
    }
    if rule.peers.is_empty() {
        return true;
    }
    let addresses: Vec<IpAddr> = cluster_dns::services(cluster)
        .iter()
        .map(|service| service.spec.cluster_ip.as_str())
        .chain(["169.254.20.10"])
        .filter_map(|address| address.parse().ok())
        .collect();
    rule.peers.iter().any(|peer| {
        let by_address = peer
            .ip_block
            .as_ref()
            .is_some_and(|block| addresses.iter().any(|address| in_block(block, *address)));
        let by_namespace = servers_unread && peer.namespace_selector.is_some();
        by_address || by_namespace
    })
}

fn sighting(
    cluster: &Cluster<'_>,
    pod: &Pod,
    policy: &NetworkPolicy,
    calls: &[FailedCall<'_>],
) -> Sighting {
    let own = policy.reference();
    let top = cluster.top_of(pod);
    let observed = calls.iter().find(|call| {
        matches!(call.failure, Failure::NoNameServer | Failure::NameUnknown)
            && cluster.top_of(call.pod) == top
    });
    let (severity, confidence) = match observed {
        Some(_) => (Severity::Critical, 0.93),
        None if pod.is_ready() => (Severity::Info, 0.70),
        None => (Severity::Warning, 0.80),
    };
    let title = format!("{own} keeps {top} from DNS: its egress leaves no way to port 53");
    let explanation = "Its pods can resolve no name: egress is allowed only by the rules of NetworkPolicies, and none of them names the cluster's name service on UDP port 53.";
    let shows = observed.map_or(pod, |call| call.pod);
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .seen_on(shows.reference(), "blocks")
        .severity(severity)
        .confidence(if cluster.is_complete(Kind::Namespace, "") {
            confidence
        } else {
            confidence - 0.1
        })
        .evidence(Evidence::field(
            own.clone(),
            "spec.egress",
            rules_of(policy, Direction::Egress),
        ))
        .evidence(Evidence::field(
            own.clone(),
            "spec.podSelector",
            &policy.spec.pod_selector,
        ))
        .since(policy.metadata.creation_timestamp);
    if let Some(call) = observed {
        sighting = sighting.evidence(call.evidence());
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Add to the egress of {own} a rule to namespace kube-system, pods k8s-app=kube-dns, on UDP and TCP port 53"
        )))
        .suggest(look_at(policy))
}
