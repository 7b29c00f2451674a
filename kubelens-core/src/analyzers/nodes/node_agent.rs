//! The DaemonSets that make a node work: which of their pods is on it, and whether it serves.

use super::kept_off::{KeptOff, kept_off};
use crate::analyzers::network::sandbox_failure::moves_traffic;
use crate::kubernetes::{DaemonSet, Node, Pod, PodSpec};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Folders of the network plugin that only its own agent mounts.
const CNI_FOLDERS: [&str; 2] = ["/etc/cni/", "/opt/cni/"];

/// The folder in which device plugins announce themselves.
const DEVICE_PLUGINS: &str = "/var/lib/kubelet/device-plugins";

/// The DaemonSet of the network plugin whose pod on this node does not serve.
pub(super) fn broken_network_agent(cluster: &Cluster<'_>, node: &Node) -> Option<ObjectRef> {
    broken_agent(cluster, node, |pod| {
        let owner = pod.metadata.controller();
        let name = owner.map_or("", |owner| owner.name.as_str());
        is_network_agent(&pod.spec, name)
    })
}

/// The DaemonSet of a network plugin that runs on other nodes, and what keeps it off this one.
pub(super) fn absent_network_agent<'a>(
    cluster: &Cluster<'a>,
    node: &'a Node,
) -> Option<(&'a DaemonSet, KeptOff<'a>)> {
    let is_here = |set: &DaemonSet| {
        let mut pods = cluster.pods_on(&node.metadata.name);
        pods.any(|pod| {
            let owner = pod.metadata.controller();
            owner.is_some_and(|owner| owner.uid == set.metadata.uid)
        })
    };
    cluster
        .all::<DaemonSet>()
        .filter(|set| set.status.number_ready > 0)
        .filter(|set| is_network_agent(&set.spec.template.spec, &set.metadata.name))
        .filter(|set| !is_here(set))
        .find_map(|set| Some((set, kept_off(set, node)?)))
}

/// Whether the pods of a DaemonSet are the agent of a network plugin: by what they mount, or by the name of the plugin.
/// kube-proxy moves traffic too, and sets up nothing.
fn is_network_agent(spec: &PodSpec, set: &str) -> bool {
    let mounts_its_folders = CNI_FOLDERS.iter().any(|folder| mounts(spec, folder));
    mounts_its_folders || (moves_traffic(set) && !set.contains("kube-proxy"))
}

/// The DaemonSet of the device plugin for this vendor whose pod on this node does not serve.
pub(super) fn broken_device_plugin(
    cluster: &Cluster<'_>,
    node: &Node,
    resource: &str,
) -> Option<ObjectRef> {
    let vendor = resource.split(['.', '/']).next().unwrap_or_default();
    broken_agent(cluster, node, |pod| {
        let containers = pod.spec.containers.iter();
        let images = containers.map(|container| container.image.as_str());
        let names: Vec<&str> = std::iter::once(pod.metadata.name.as_str())
            .chain(images)
            .collect();
        let is_named = |word: &str| names.iter().any(|name| name.contains(word));
        is_named(vendor) && (mounts(&pod.spec, DEVICE_PLUGINS) || is_named("device-plugin"))
    })
}

fn broken_agent(
    cluster: &Cluster<'_>,
    node: &Node,
    is_agent: impl Fn(&Pod) -> bool,
) -> Option<ObjectRef> {
    cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| pod.is_of_daemon_set())
        .find(|pod| !serves(pod) && is_agent(pod))
        .map(|pod| cluster.top_of(pod))
}

/// Whether all containers of a pod are ready, whatever the API made of the pod on a node that is not.
fn serves(pod: &Pod) -> bool {
    pod.is_ready()
        || (!pod.status.container_statuses.is_empty()
            && pod
                .status
                .container_statuses
                .iter()
                .all(|status| status.ready))
}

fn mounts(spec: &PodSpec, folder: &str) -> bool {
    spec.volumes
        .iter()
        .filter_map(|volume| volume.host_path.as_ref())
        .any(|host| {
            format!("{}/", host.path.trim_end_matches('/')).starts_with(folder)
                || host.path.starts_with(folder)
        })
}
