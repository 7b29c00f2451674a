//! Which name server a pod asks, as the line of its log tells, and why that one gives no answer.

use super::log_name_not_resolved::CONFIDENCE;
use super::log_signature::{LogMatch, advise};
use crate::analysis::Sighting;
use crate::analyzers::network::cluster_dns;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Service};
use crate::model::Evidence;
use crate::snapshot::Cluster;

/// The name server that was asked: `lookup db on 10.96.0.10:53`.
static ASKED: Pattern =
    Pattern::new(r"(?:lookup \S+ on |@|server: ?)(\d+\.\d+\.\d+\.\d+)(?::53\b|#53\b)");

/// Why the pod does not ask the cluster's name service, by its dnsPolicy; none where it does. `Default` is the name
/// server of the node, and so is `ClusterFirst` on the network of the node (core/v1 PodSpec.dnsPolicy).
pub(super) fn asks_elsewhere(found: &LogMatch<'_>, cluster: &Cluster<'_>) -> Option<String> {
    let spec = &found.pod().spec;
    let policy = match spec.dns_policy.as_str() {
        "Default" => "Default",
        "" | "ClusterFirst" if spec.host_network => "ClusterFirst on the network of the node",
        "None" => "None",
        _ => return None,
    };
    let asked = ASKED.first(found.line());
    let servers = cluster_dns::services(cluster);
    let is_of_cluster = |address: &str| servers.iter().any(|one| one.spec.cluster_ip == *address);
    match asked {
        Some(address) if is_of_cluster(address) => None,
        Some(address) => Some(format!("dnsPolicy {policy} has it ask {address}")),
        // Which servers a pod names itself is not known here.
        None if policy == "None" => None,
        None => Some(format!(
            "dnsPolicy {policy} has it ask the name server of the node"
        )),
    }
}

/// Whom a pod asks for names in vain, where the picture tells why.
pub(super) enum Asked<'a> {
    /// A Service that leads to no port 53 over UDP.
    WithoutUdp(&'a Service),
    /// An address of the pod's own dnsConfig.
    OwnServer(&'a str),
}

impl<'a> Asked<'a> {
    /// What the line of a match tells.
    pub(super) fn of(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Option<Self> {
        let address = ASKED.first(found.line())?;
        let mut services = cluster.all::<Service>();
        if let Some(service) = services.find(|service| service.spec.cluster_ip == *address) {
            let mut ports = service.spec.ports.iter();
            let has_udp = ports.any(|port| port.port == 53 && port.protocol == "UDP");
            let is_udp = !found.line().contains("tcp ");
            return (is_udp && !has_udp).then_some(Self::WithoutUdp(service));
        }
        let own = found.pod().spec.dns_config.as_ref()?;
        let mut servers = own.nameservers.iter();
        servers
            .find(|server| **server == *address)
            .map(|server| Self::OwnServer(server))
    }

    /// What is wrong, as the end of a title.
    pub(super) fn fault(&self) -> String {
        match self {
            Self::WithoutUdp(service) => format!(
                "{} takes no questions over UDP: it has no such port 53",
                service.reference()
            ),
            Self::OwnServer(server) => {
                format!("its dnsConfig has it ask {server}, which does not answer")
            }
        }
    }

    /// What is told in place of the client's own trouble.
    pub(super) fn sighting(
        &self,
        found: &LogMatch<'a>,
        cluster: &Cluster<'a>,
        title: String,
        explanation: &str,
    ) -> Sighting {
        match self {
            Self::WithoutUdp(service) => {
                let own = service.reference();
                let ports: Vec<String> = service
                    .spec
                    .ports
                    .iter()
                    .map(|port| format!("{} {}", port.port, port.protocol))
                    .collect();
                let mut sighting = found
                    .sighting_on(own.clone(), CONFIDENCE, title, explanation.to_owned())
                    .evidence(Evidence::field(own.clone(), "spec.ports", ports.join(", ")));
                sighting.relation = "asked by";
                advise(
                    sighting,
                    format!(
                        "Add port 53 with protocol UDP to {own}: names are asked for over UDP first"
                    ),
                )
            }
            Self::OwnServer(server) => {
                let top = cluster.top_of(found.pod());
                let pod = found.pod().reference();
                let of_cluster = cluster_dns::services(cluster);
                let right = of_cluster.first().map_or_else(
                    || "the cluster's DNS".to_owned(),
                    |service| format!("the cluster's DNS ({})", service.spec.cluster_ip),
                );
                let sighting = found
                    .sighting(cluster, CONFIDENCE, title, explanation.to_owned())
                    .identified_by("server", *server)
                    .evidence(Evidence::field(pod, "spec.dnsConfig.nameservers", *server));
                advise(
                    sighting,
                    format!("Name a server that answers in dnsConfig of {top}, such as {right}"),
                )
            }
        }
    }
}
