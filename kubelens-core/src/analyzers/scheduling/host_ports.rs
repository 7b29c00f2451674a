//! Ports of the node that a pod takes for itself.

use crate::kubernetes::{ContainerPort, Node, Pod, PodSpec};
use crate::snapshot::Cluster;

/// A port that a pod wants and another pod on the node holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct TakenPort<'a> {
    pub(super) port: &'a ContainerPort,
    pub(super) holder: &'a Pod,
}

/// The ports of the node that the pod asks for.
pub(super) fn wanted(spec: &PodSpec) -> impl Iterator<Item = &ContainerPort> {
    spec.all_containers()
        .flat_map(|(_, container)| container.ports.iter())
        .filter(|port| port.host_port > 0)
}

/// The first port that the pod wants and that is taken on the node.
pub(super) fn taken_on<'a>(
    cluster: &Cluster<'a>,
    spec: &'a PodSpec,
    node: &Node,
) -> Option<TakenPort<'a>> {
    let ports: Vec<&ContainerPort> = wanted(spec).collect();
    if ports.is_empty() {
        return None;
    }
    cluster
        .pods_on(&node.metadata.name)
        .filter(|holder| !holder.is_finished())
        .find_map(|holder| {
            let port = ports
                .iter()
                .find(|port| wanted(&holder.spec).any(|held| clash(port, held)))?;
            Some(TakenPort { port, holder })
        })
}

/// `TCP`, unless the port says otherwise.
pub(super) fn protocol(port: &ContainerPort) -> &str {
    port.protocol.non_empty().unwrap_or("TCP")
}

fn clash(a: &ContainerPort, b: &ContainerPort) -> bool {
    let any = |port: &ContainerPort| matches!(port.host_ip.as_str(), "" | "0.0.0.0" | "::");
    a.host_port == b.host_port
        && protocol(a) == protocol(b)
        && (any(a) || any(b) || a.host_ip == b.host_ip)
}

#[cfg(test)]
mod tests {
    use super::clash;
    use crate::kubernetes::ContainerPort;

    fn port(host_port: i64, protocol: &str, host_ip: &str) -> ContainerPort {
        serde_json::from_value(serde_json::json!({
            "hostPort": host_port, "protocol": protocol, "hostIP": host_ip,
        }))
        .expect("a port")
    }

    #[test]
    fn ports_clash_by_number_protocol_and_address() {
        let own = port(80, "TCP", "10.0.0.1");
        for (other, is_clash) in [
            (port(80, "TCP", "10.0.0.1"), true),
            (port(80, "", "10.0.0.1"), true),
            (port(80, "TCP", ""), true),
            (port(80, "TCP", "0.0.0.0"), true),
            (port(80, "TCP", "::"), true),
            (port(80, "TCP", "10.0.0.2"), false),
            (port(80, "UDP", "10.0.0.1"), false),
            (port(80, "UDP", ""), false),
            (port(81, "TCP", "10.0.0.1"), false),
            (port(81, "TCP", ""), false),
        ] {
            assert_eq!(clash(&own, &other), is_clash, "{other:?}");
            assert_eq!(clash(&other, &own), is_clash, "{other:?}");
        }
    }
}
