//! Pods whose network could not be set up: what the kubelet says, and whose part of it failed.

use crate::analysis::event_evidence;
use crate::kubernetes::{DaemonSet, Event, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

/// A pod without a sandbox, and what the kubelet says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SandboxFailure<'a> {
    /// The pod.
    pub(super) pod: &'a Pod,
    /// The newest event.
    pub(super) event: &'a Event,
}

/// Which part failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// No address is left.
    Addresses,
    /// The network plugin of this type; empty where the text does not name it.
    Plugin(&'a str),
    /// Something else than the network.
    Other,
}

/// The failure of a pod that is not past it.
pub(super) fn failure<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<SandboxFailure<'a>> {
    if !pod.is_live()
        || pod.is_ready_to_start_containers()
        || pod.is_ready()
        || pod.has_started_a_container()
    {
        return None;
    }
    let event = cluster.newest_event(pod, &["FailedCreatePodSandBox"])?;
    Some(SandboxFailure { pod, event })
}

/// What Calico says where no pool of addresses is in use.
pub(super) const NO_POOLS: &str = "no configured Calico pools";

/// Which part the kubelet's words blame.
pub(super) fn part(text: &str) -> Part<'_> {
    let addresses = [
        "no IP addresses available",
        "failed to assign an IP address",
        "no available IPs",
        "failed to allocate for range",
        "no more IPs",
        "IPAM",
        "InsufficientFreeAddressesInSubnet",
        "no free addresses",
        "out of IP",
        "no addresses available",
        "allocate IP in range",
        NO_POOLS,
    ];
    if addresses.iter().any(|mark| text.contains(mark)) {
        return Part::Addresses;
    }
    if let Some(plugin) = plugin_type(text) {
        return Part::Plugin(plugin);
    }
    if let Some((_, rest)) = text.split_once("/opt/cni/bin/") {
        let name = rest.split([':', ' ', '"', ']']).next();
        return Part::Plugin(name.unwrap_or_default());
    }
    let plugin = [
        "cni plugin not initialized",
        "networkPlugin cni",
        "network plugin is not ready",
        "failed to setup network for sandbox",
        "failed to set up sandbox container",
    ];
    if plugin.iter().any(|mark| text.contains(mark)) {
        return Part::Plugin("");
    }
    Part::Other
}

/// The type of the network plugin, where the text names it.
fn plugin_type(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("plugin type=\"")?;
    rest.split('"').next()
}

/// The DaemonSet whose pod on the node is the agent of the plugin that the text names.
pub(super) fn agent_named<'a>(
    cluster: &Cluster<'a>,
    node: &str,
    text: &str,
) -> Option<&'a DaemonSet> {
    let family = plugin_type(text)?
        .split('-')
        .next()
        .filter(|family| !family.is_empty())?;
    cluster
        .pods_on(node)
        .filter(|pod| moves_traffic(&pod.metadata.name) && pod.metadata.name.contains(family))
        .find_map(|pod| set_of(cluster, pod))
}

fn set_of<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Option<&'a DaemonSet> {
    let owner = pod.metadata.controller()?;
    cluster.get::<DaemonSet>(&pod.metadata.namespace, &owner.name)
}

/// The DaemonSet of a network agent whose pod on the node is not ready; the agent of that type if the
/// text names one.
pub(super) fn agent_on<'a>(
    cluster: &Cluster<'a>,
    node: &str,
    plugin: &str,
) -> Option<(&'a Pod, &'a DaemonSet)> {
    cluster
        .pods_on(node)
        .filter(|pod| !pod.is_ready() && pod.metadata.controller().is_some())
        .filter(|pod| is_agent(pod, plugin))
        .find_map(|pod| Some((pod, set_of(cluster, pod)?)))
}

/// Names by which network agents go.
const AGENTS: [&str; 13] = [
    "calico",
    "cilium",
    "flannel",
    "weave",
    "aws-node",
    "antrea",
    "kube-router",
    "multus",
    "canal",
    "ovn",
    "kindnet",
    "azure-cni",
    "cni",
];

/// Whether a pod is a network agent, of the plugin's type where that is known.
pub(super) fn is_agent(pod: &Pod, plugin: &str) -> bool {
    let name = pod.metadata.name.as_str();
    let family = plugin.split('-').next().unwrap_or_default();
    (family.len() > 3 && name.contains(family)) || AGENTS.iter().any(|agent| name.contains(agent))
}

/// Agents that carry the traffic of the pods of a node, by name; others only set up what they are asked for.
const CARRIERS: [&str; 12] = [
    "calico-node",
    "canal",
    "cilium",
    "flannel",
    "weave-net",
    "aws-node",
    "antrea-agent",
    "kube-router",
    "ovn-kubernetes",
    "ovnkube-node",
    "kindnet",
    "kube-proxy",
];

/// Whether a DaemonSet or a pod of this name carries the traffic of the pods of its node.
pub(in crate::analyzers) fn moves_traffic(name: &str) -> bool {
    CARRIERS.iter().any(|agent| name.contains(agent)) && !name.contains("envoy")
}

impl SandboxFailure<'_> {
    /// The event as proof.
    pub(super) fn evidence(&self) -> Evidence {
        event_evidence(self.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_tell_which_part_failed() {
        let cases = [
            (
                r#"plugin type="host-local" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.64.0.1-10.64.0.254"#,
                Part::Addresses,
            ),
            (
                r#"failed to setup network for sandbox "x": plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized"#,
                Part::Plugin("calico"),
            ),
            (
                r#"failed to find plugin "flannel" in path [/opt/cni/bin]: networkPlugin cni failed"#,
                Part::Plugin(""),
            ),
            (
                "exec /opt/cni/bin/cilium-cni: no such file or directory",
                Part::Plugin("cilium-cni"),
            ),
            (
                r#"rpc error: code = Unknown desc = RuntimeHandler "gvisor" not supported"#,
                Part::Other,
            ),
            // As kubelets, containerd, CRI-O and the plugins of 1.28 to 1.36 have them.
            (
                r#"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "a": plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory"#,
                Part::Plugin("flannel"),
            ),
            (
                r#"rpc error: code = Unknown desc = failed to setup network for sandbox "a": plugin type="cilium-cni" failed (add): unable to connect to Cilium agent: failed to create cilium agent client after 30.000000s timeout"#,
                Part::Plugin("cilium-cni"),
            ),
            (
                r#"rpc error: code = Unknown desc = failed to create pod network sandbox k8s_web-1_shop_x(y): error adding pod shop_web-1 to CNI network "multus-cni-network": plugin type="multus" failed (add): timed out waiting for the condition"#,
                Part::Plugin("multus"),
            ),
            (
                r#"rpc error: code = Unknown desc = failed to setup network for sandbox "a": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container"#,
                Part::Addresses,
            ),
            (
                "rpc error: code = Unknown desc = failed to reserve sandbox name: name is reserved for a",
                Part::Other,
            ),
            (
                r#"rpc error: code = Unknown desc = failed to get sandbox image "registry.k8s.io/pause:3.10": failed to pull image: dial tcp: lookup registry.k8s.io: no such host"#,
                Part::Other,
            ),
            (
                r#"failed to setup network for sandbox "a": plugin type="multus-shim" name="multus-cni-network" failed (add): CmdAdd (shim): CNI request failed with status 400: error adding container to network "n3": error at storage engine: Could not allocate IP in range: ip: 10.77.3.2 / - 10.77.3.7 / range: 10.77.3.0/28"#,
                Part::Addresses,
            ),
            ("a plugin of tomorrow, never seen", Part::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(part(text), expected, "{text}");
        }
    }
}
