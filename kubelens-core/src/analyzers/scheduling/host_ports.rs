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
