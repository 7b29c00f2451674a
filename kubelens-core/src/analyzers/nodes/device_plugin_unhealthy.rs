use super::node_agent::broken_device_plugin;
use super::state::{JOINING, describe, is_in_use, ready};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object};
use crate::model::{Evidence, Quantity, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node has devices (GPUs, network functions ...) that it cannot give to pods: the device plugin
    /// calls them unhealthy, or does not answer.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   capacity: {cpu: "8", gpu.example/card: "4"}
    ///   allocatable: {cpu: "8", gpu.example/card: "0"}
    ///   conditions: [{type: Ready, status: "True"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   capacity: {cpu: "8", memory: 32Gi, gpu.example/card: "4"}
    ///   allocatable: {cpu: "7500m", memory: 30Gi, gpu.example/card: "4"}
    ///   conditions: [{type: Ready, status: "True"}]
    /// ```
    ///
    /// # How to fix
    /// Look at the device plugin's pod on that node, its driver and the device itself.
    ///
    /// # What it cannot know
    /// What is wrong with the device.
    ///
    /// # Source
    /// `status.capacity` and `status.allocatable` of core/v1 Node: a kubelet counts all devices in the
    /// one and the healthy ones in the other.
    NOD021 "device-plugin-unhealthy" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Pod],
        maps_to: [],
        check: Node(check),
    }
}

/// Resources with a slash in their name that are no devices.
const NO_DEVICE: [&str; 3] = ["kubernetes.io/", "hugepages-", "attachable-volumes-"];

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_up = ready(node).is_some_and(crate::kubernetes::Condition::is_true);
    if !is_up
        || !is_in_use(node)
        || (node.metadata.creation_timestamp.is_some() && cluster.age(&node.metadata) < JOINING)
    {
        return;
    }
    for (resource, capacity) in node.status.capacity.iter() {
        let is_device =
            resource.contains('/') && !NO_DEVICE.iter().any(|prefix| resource.starts_with(prefix));
        let healthy = node
            .status
            .allocatable
            .get(resource)
            .copied()
            .unwrap_or_default();
        if is_device && healthy < *capacity {
            sink.report(sighting(node, cluster, resource, *capacity, healthy));
        }
    }
}

fn sighting(
    node: &Node,
    cluster: &Cluster<'_>,
    resource: &str,
    capacity: Quantity,
    healthy: Quantity,
) -> Sighting {
    let own = node.reference();
    let severity = if healthy.is_zero() {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let plugin = broken_device_plugin(cluster, node, resource);
    let whose = plugin.as_ref().map_or_else(String::new, |plugin| {
        format!(" The pod of {plugin} on it does not serve.")
    });
    let title = format!("{own} can give {healthy} of its {capacity} {resource} to pods");
    let explanation =
        format!("Its device plugin reports the others as unhealthy, or does not answer.{whose}");
    let mut sighting = Sighting::of(
        plugin.clone().unwrap_or_else(|| own.clone()),
        title,
        explanation,
    )
    .identified_by("resource", resource)
    .severity(severity)
    .evidence(Evidence::field(
        own.clone(),
        &format!("status.capacity[{resource}]"),
        capacity,
    ))
    .evidence(Evidence::field(
        own.clone(),
        &format!("status.allocatable[{resource}]"),
        healthy,
    ))
    .suggest(describe(node));
    if let Some(plugin) = plugin {
        sighting = sighting
            .seen_on(own, "device plugin of")
            .blames(plugin, "device plugin of");
    }
    sighting
}
