use std::net::IpAddr;

use serde_json::Value;

use super::policy::in_range;
use super::sandbox_failure::{NO_POOLS, Part, SandboxFailure, agent_named, failure, part};
use super::shared_shortage::{is_of_a_range, nodes_alike};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Kind, Node, Object, Pod, text_at};
use crate::model::{Evidence, ObjectRef, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node has no address left for new pods: they stay without network and do not start. Where several nodes
    /// say the same at once and no other gives a pod an address, it is told once, of their network agent: what they
    /// share is used up, a subnet or a pool of addresses. Of Calico, a pool that is disabled is told where no other is
    /// left.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: node-1, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'Failed to create pod sandbox: plugin type="host-local" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.64.0.1-10.64.0.254'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    /// A range of the whole cluster, as whereabouts keeps it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: node-1, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'plugin type="multus-shim" failed (add): error at storage engine: Could not allocate IP in range: ip: 10.77.3.2 / - 10.77.3.3 / range: 10.77.3.0/28'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ---
    /// apiVersion: whereabouts.cni.cncf.io/v1alpha1
    /// kind: IPPool
    /// metadata: {name: 10.77.3.0-28, namespace: kube-system}
    /// spec: {range: 10.77.3.0/28, allocations: {"2": {podref: shop/gone-1}, "3": {podref: shop/web-0}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: node-1, containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: PodReadyToStartContainers, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'no IP addresses available in range set'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Give the network plugin a larger range or the node fewer pods; free addresses that ended pods
    /// left behind.
    ///
    /// # What it cannot know
    /// Which addresses the plugin holds.
    ///
    /// # Source
    /// Events `FailedCreatePodSandBox` of the kubelet.
    NET070 "pod-ip-pool-empty" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Event, Node, DaemonSet, Pod],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(failure) = failure(cluster, pod) else {
        return;
    };
    if part(&failure.event.message) != Part::Addresses || pod.node_name.is_empty() {
        return;
    }
    let told = of_a_disabled_pool(cluster, &failure)
        .or_else(|| of_a_kept_range(cluster, &failure))
        .or_else(|| of_a_warm_pool(cluster, &failure))
        .or_else(|| shared(cluster, &failure))
        .unwrap_or_else(|| of_one_node(cluster, &failure));
    sink.report(
        told.evidence(failure.evidence())
            .evidence(Evidence::field(
                pod.reference(),
                "spec.nodeName",
                &pod.node_name,
            ))
            .all_evidence(range_of(cluster, &failure))
            .suggest(Suggestion::advice(advice(&failure.event.message)))
            .suggest(Suggestion::look(
                "Count the pods on the node",
                format!(
                    "kubectl get pods --all-namespaces --field-selector spec.nodeName={}",
                    pod.node_name
                ),
            ))
            .since(failure.event.first_seen()),
    );
}

/// One shortage of all nodes that tell of it, where the agent that hands the addresses out is known.
fn shared(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Option<Sighting> {
    let nodes = nodes_alike(cluster, failure);
    if nodes.len() < 2 {
        return None;
    }
    let pod = failure.pod;
    let agent = agent_named(cluster, &pod.node_name, &failure.event.message)?.reference();
    let title = format!(
        "{agent} has no IP address left for pods on {} nodes",
        nodes.len()
    );
    let explanation = format!(
        "Pods of {} get no address on {} and do not start, and no other node gave a pod one since: what these nodes share is used up, a subnet or a pool of addresses.",
        cluster.top_of(pod),
        some_of(&nodes, 3)
    );
    Some(Sighting::of(agent, title, explanation).seen_on(pod.reference(), "hands out addresses to"))
}

/// Pools of Calico of which none may be used.
fn of_a_disabled_pool(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Option<Sighting> {
    if !failure.event.message.contains(NO_POOLS) {
        return None;
    }
    let pool = ["crd.projectcalico.org", "projectcalico.org"]
        .into_iter()
        .flat_map(|group| cluster.customs(group, "IPPool"))
        .find(|pool| pool.spec.get("disabled").and_then(Value::as_bool) == Some(true))?;
    let (own, pod) = (pool.reference(), failure.pod);
    let sighting = Sighting::of(
        own.clone(),
        format!("{own} is disabled, and Calico has no other pool of addresses for pods"),
        format!(
            "Pods of {} get no address on any node and do not start; those that run keep theirs.",
            cluster.top_of(pod)
        ),
    )
    .seen_on(pod.reference(), "hands out addresses to")
    .evidence(Evidence::field(own, "spec.disabled", "true"));
    Some(sighting)
}

/// The range from which an address was asked for, as whereabouts writes it.
static ASKED: Pattern = Pattern::new(r"allocate IP in range: ip: ([0-9a-fA-F.:]+) ");

/// A range that a whole cluster shares and whose addresses whereabouts keeps in an object, with those that it keeps for
/// pods which are gone.
fn of_a_kept_range(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Option<Sighting> {
    let asked: IpAddr = ASKED.first(&failure.event.message)?.parse().ok()?;
    let pool = cluster
        .customs("whereabouts.cni.cncf.io", "IPPool")
        .find(|pool| in_range(pool.spec_text("/range"), asked))?;
    let kept = pool.spec.get("allocations").and_then(Value::as_object);
    let owners: Vec<&str> = kept
        .into_iter()
        .flat_map(|all| all.values())
        .map(|held| text_at(held, "/podref"))
        .collect();
    let is_gone = |owner: &&&str| {
        let (namespace, name) = owner.split_once('/').unwrap_or(("", **owner));
        !name.is_empty() && cluster.look_up::<Pod>(namespace, name).is_absent()
    };
    let gone = owners.iter().filter(is_gone).count();
    let (own, pod) = (pool.reference(), failure.pod);
    let range = pool.spec_text("/range");
    let lost = match gone {
        0 => String::new(),
        gone => format!(
            "; {gone} of the {} in use are kept for pods that do not exist",
            owners.len()
        ),
    };
    let sighting = Sighting::of(
        own.clone(),
        format!("{own} has no IP address left in range {range}{lost}"),
        format!(
            "Pods of {} get no address from it on any node and do not start.",
            cluster.top_of(pod)
        ),
    )
    .seen_on(pod.reference(), "hands out addresses to")
    .evidence(Evidence::field(own.clone(), "spec.range", range))
    .evidence(Evidence::field(
        own,
        "spec.allocations",
        format!("{} held, {gone} for pods that do not exist", owners.len()),
    ));
    Some(if gone == 0 {
        sighting
    } else {
        sighting.suggest(Suggestion::advice(
            "Free what is kept for pods that are gone: see that whereabouts' reconciler runs, or take those allocations out of the object",
        ))
    })
}

/// Settings of the plugin of AWS for how many free addresses it keeps on each node.
const KEPT_FREE: [&str; 2] = ["WARM_IP_TARGET", "MINIMUM_IP_TARGET"];

/// So many free addresses a node are many: the plugin's own manual speaks of single ones.
const MANY: i64 = 10;

/// What the plugin's agent says where the subnet has no address left.
const EMPTY_SUBNET: &str = "InsufficientFreeAddressesInSubnet";

/// The agent of AWS that has no address for a node, because it keeps many free on each of the others.
fn of_a_warm_pool(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Option<Sighting> {
    let pod = failure.pod;
    let set = agent_named(cluster, &pod.node_name, &failure.event.message)
        .filter(|_| failure.event.message.contains("aws-cni"))?;
    let containers = set.spec.template.spec.containers.iter().enumerate();
    let (at, variable) = containers
        .flat_map(|(at, container)| container.env.iter().map(move |variable| (at, variable)))
        .filter(|(_, variable)| KEPT_FREE.contains(&variable.name.as_str()))
        .find(|(_, variable)| variable.value.parse().is_ok_and(|kept: i64| kept >= MANY))?;
    let said = cluster.controlled_pods(&set.metadata).find_map(|agent| {
        agent.spec.containers.iter().find_map(|container| {
            let log = cluster.log(agent, &container.name, false)?;
            let mut newest = log.lines.iter().rev();
            let line = newest.find(|line| line.contains(EMPTY_SUBNET))?;
            Some(Evidence::log(
                agent.reference(),
                &container.name,
                line,
                None,
            ))
        })
    })?;
    let own = set.reference();
    let (name, kept) = (&variable.name, &variable.value);
    let title = format!(
        "{own} keeps {kept} free IP addresses on each node ({name}), and the subnet has none left for pods"
    );
    let explanation = format!(
        "Pods of {} get no address on their node and do not start, while others hold addresses that no pod uses.",
        cluster.top_of(pod)
    );
    let sighting = Sighting::of(own.clone(), title, explanation)
        .seen_on(pod.reference(), "hands out addresses to")
        .evidence(Evidence::field(
            own.clone(),
            &format!("spec.template.spec.containers[{at}].env[{name}]"),
            kept,
        ))
        .evidence(said)
        .suggest(Suggestion::advice(format!(
            "Lower {name} of {own} to a few, or add a subnet"
        )));
    Some(sighting)
}

fn of_one_node(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Sighting {
    let pod = failure.pod;
    let subject = cluster.get::<Node>("", &pod.node_name).map_or_else(
        || ObjectRef::cluster_scoped(Kind::Node.api_version(), "Node", &pod.node_name),
        Object::reference,
    );
    // A plugin of a cloud asks its subnet, by the network interfaces that the machine may have.
    let (title, group) = if is_of_a_cloud(&failure.event.message) {
        (
            format!(
                "{subject} gets no further IP address for pods from its subnet or network interfaces"
            ),
            "nodes get no further IP address for pods",
        )
    } else {
        (
            format!("{subject} has no IP address left for pods"),
            "nodes have no IP address left for pods",
        )
    };
    let explanation = format!(
        "The network plugin cannot give pods of {} an address on this node, so they do not start.",
        cluster.top_of(pod)
    );
    Sighting::of(subject, title, explanation)
        .seen_on(pod.reference(), "runs on")
        .grouped("addresses", group)
}

fn is_of_a_cloud(text: &str) -> bool {
    ["aws-cni", "azure-vnet", "InsufficientFreeAddressesInSubnet"]
        .iter()
        .any(|plugin| text.contains(plugin))
}

/// The range from which the node's pods get their addresses, where the plugin hands out one of the node's own.
fn range_of(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Option<Evidence> {
    let node = cluster.get::<Node>("", &failure.pod.node_name)?;
    let range = node.spec.pod_cidr.non_empty()?;
    is_of_a_range(&failure.event.message)
        .then(|| Evidence::field(node.reference(), "spec.podCIDR", range))
}

/// Where the address comes from decides where room can be made: the cloud's subnet, or a range of the plugin's own.
fn advice(text: &str) -> &'static str {
    if text.contains(NO_POOLS) {
        "Set spec.disabled of an IPPool to false, or create one for the range of the pods"
    } else if text.contains("aws-cni") {
        "Free addresses in the subnet of the node or add a subnet; let the plugin take prefixes, or use a machine with more network interfaces"
    } else if is_of_a_cloud(text) {
        "Enlarge the subnet of the nodes, or move pods off the node"
    } else {
        "Give the network plugin a larger range, or move pods off the node; if far fewer pods run there than the range holds, the plugin has kept addresses of pods that are gone"
    }
}
