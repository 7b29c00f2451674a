use super::fit::Blocker;
use super::host_ports::{self, TakenPort, protocol};
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod wants a port of the node itself, and on every node that it may use another pod holds it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: edge-1, namespace: edge, uid: p0}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: edge, ports: [{containerPort: 80, hostPort: 80}]}]
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, ports: [{containerPort: 8080, hostPort: 80}]}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: edge-1, namespace: edge, uid: p0}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: edge, ports: [{containerPort: 80, hostPort: 80}]}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Take another host port or none, run fewer pods than nodes, or move the pod that holds it.
    ///
    /// # What it cannot know
    /// Processes of the node that listen outside Kubernetes.
    ///
    /// # Source
    /// Plugin NodePorts of the scheduler; `hostPort` of core/v1 ContainerPort.
    SCH011 "host-port-occupied" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::HostPort) {
        let sighting = sighting(cluster, &waiting);
        waiting.report(cluster, sink, sighting);
    }
}

fn sighting<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>) -> Sighting {
    let nodes: &[&Node] = match &waiting.fit.blocker {
        Blocker::HostPort { nodes } => nodes,
        _ => &[],
    };
    let taken: Vec<(&Node, TakenPort<'a>)> = nodes
        .iter()
        .filter_map(|node| {
            let taken = host_ports::taken_on(cluster, &waiting.pod.spec, node)?;
            Some((*node, taken))
        })
        .collect();
    let mut ports: Vec<String> = taken
        .iter()
        .map(|(_, taken)| format!("{}/{}", taken.port.host_port, protocol(taken.port)))
        .collect();
    if ports.is_empty() {
        ports = host_ports::wanted(&waiting.pod.spec)
            .map(|port| format!("{}/{}", port.host_port, protocol(port)))
            .collect();
    }
    ports.sort();
    ports.dedup();
    let port = ports.join(", ");
    let mut holders: Vec<String> = taken
        .iter()
        .map(|(_, taken)| cluster.top_of(taken.holder).to_string())
        .collect();
    holders.sort();
    holders.dedup();
    let holder = if holders.is_empty() {
        "other pods".to_owned()
    } else {
        some_of(&holders, 3)
    };
    let title = format!(
        "Host port {port} that {} wants is already taken on every node that it may use (by {holder})",
        waiting.top
    );
    let held: Vec<String> = taken
        .iter()
        .map(|(node, taken)| {
            format!(
                "{} by Pod {}/{}",
                node.metadata.name, taken.holder.metadata.namespace, taken.holder.metadata.name
            )
        })
        .collect();
    let explanation = format!(
        "One pod at a time can hold a host port of a node. Port {port} is held on {}, so the pods cannot be scheduled.{}",
        some_of(&held, 4),
        waiting.others()
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .identified_by("hostPort", port.clone());
    for (_, container) in waiting.pod.spec.all_containers() {
        for wanted in container.ports.iter().filter(|port| port.host_port > 0) {
            sighting = sighting.evidence(Evidence::field(
                waiting.pod.reference(),
                &format!("spec.containers[{}].ports.hostPort", container.name),
                wanted.host_port,
            ));
        }
    }
    for (node, taken) in taken.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            taken.holder.reference(),
            "spec.containers[*].ports.hostPort",
            format!(
                "{}/{} on {}",
                taken.port.host_port,
                protocol(taken.port),
                node.metadata.name
            ),
        ));
    }
    let is_held_by_its_own = !taken.is_empty()
        && taken
            .iter()
            .all(|(_, taken)| cluster.top_of(taken.holder).is_same(&waiting.top));
    let advice = if is_held_by_its_own {
        format!(
            "Let the old pod of {} go first (strategy Recreate, or maxSurge 0), or run at most one such pod a node",
            waiting.top
        )
    } else {
        format!(
            "Give {} another host port, or none behind a Service; or run at most one such pod a node",
            waiting.top
        )
    };
    sighting.suggest(Suggestion::advice(advice))
}
