use std::collections::BTreeMap;
use std::sync::Arc;

use super::service_port::protocol;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, PodTrait};

declare_analyzer! {
    /// # What it means
    /// Two pods on one node want the same port of the node, or have the same address: one of them is
    /// not reached.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: a, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {nodeName: node-1, containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: b, namespace: shop, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {nodeName: node-1, hostNetwork: true, containers: [{name: b, ports: [{containerPort: 80, hostPort: 80}]}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: a, namespace: shop}
    /// spec: {nodeName: node-1, containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: b, namespace: shop}
    /// spec: {nodeName: node-2, containers: [{name: b, ports: [{containerPort: 80, hostPort: 80}]}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Give one of them another port, or keep them on different nodes.
    ///
    /// # What it cannot know
    /// Programs on the node that are no pods.
    ///
    /// # Source
    /// `hostPort` and `hostNetwork` of core/v1 pods on one node.
    NET076 "address-or-host-port-clash" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Node, address on it, port and protocol.
type Place<'a> = (&'a str, &'a str, i64, &'a str);

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut holders: BTreeMap<Place<'_>, Vec<&Pod>> = BTreeMap::new();
    for pod in cluster.pods_that(PodTrait::HostPort) {
        if pod.node_name.is_empty() || !pod.is_live() {
            continue;
        }
        for port in pod
            .spec
            .containers
            .iter()
            .flat_map(|container| container.ports.iter())
            .filter(|port| port.host_port > 0)
        {
            let address = port.host_ip.non_empty().unwrap_or("0.0.0.0");
            let place = (
                pod.node_name.as_str(),
                address,
                port.host_port,
                protocol(&port.protocol),
            );
            let list = holders.entry(place).or_default();
            if !list
                .iter()
                .any(|known| std::ptr::eq(*known, Arc::as_ptr(pod)))
            {
                list.push(pod);
            }
        }
    }
    for ((node, _, port, protocol), mut pods) in holders {
        pods.sort_by_key(|pod| (pod.metadata.creation_timestamp, pod.reference()));
        if let [first, .., last] = pods.as_slice() {
            // A rollout of a node's own agent replaces one pod by the next.
            if cluster.top_of(first) != cluster.top_of(last) {
                sink.report(sighting(cluster, node, port, protocol, first, last));
            }
        }
    }
}

fn sighting(
    cluster: &Cluster<'_>,
    node: &str,
    port: i64,
    protocol: &str,
    first: &Pod,
    last: &Pod,
) -> Sighting {
    let top = cluster.top_of(last);
    let other = cluster.top_of(first);
    let value = format!("{port}/{protocol}");
    Sighting::of(
        top.clone(),
        format!("Host port {value} is wanted twice on Node {node}: by {top} and by {other}"),
        "Only one of the two gets the port; the other does not start or is not reached.",
    )
    .seen_on(last.reference(), "template of")
    .identified_by("port", value.clone())
    .evidence(Evidence::field(
        last.reference(),
        "spec.containers[].ports[].hostPort",
        &value,
    ))
    .evidence(Evidence::field(
        first.reference(),
        "spec.containers[].ports[].hostPort",
        &value,
    ))
    .evidence(Evidence::field(last.reference(), "spec.nodeName", node))
    .suggest(Suggestion::advice(format!(
        "Give {top} or {other} another host port, or keep them on different nodes"
    )))
}
