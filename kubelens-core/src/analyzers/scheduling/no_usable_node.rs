use super::fit::{Blocker, is_by_state};
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, condition};
use crate::model::{Evidence, ObjectRef, Risk, Severity, Suggestion, counted, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// Every node that a pod may use takes no pods at present: cordoned, not ready or under pressure; or
    /// the cluster has no node at all.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// spec:
    ///   unschedulable: true
    ///   taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2026-01-01T11:00:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) were unschedulable."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// spec:
    ///   unschedulable: true
    ///   taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Uncordon a node once its maintenance is over, or mend the node.
    ///
    /// # What it cannot know
    /// Why the nodes were cordoned.
    ///
    /// # Source
    /// Plugins NodeUnschedulable and TaintToleration of the scheduler; taints of the node lifecycle controller.
    SCH013 "no-usable-node" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["POP-711", "classic:scheduling"],
        check: Unplaced(check),
    }
}

/// Nodes that are shown as proof.
const MOST_NODES: usize = 12;

/// Seconds for which a drain is somebody's work in progress.
const DRAIN_GRACE: i64 = 900;

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::NoUsableNode) {
        let nodes: &[&Node] = match &waiting.fit.blocker {
            Blocker::NoUsableNode { nodes } => nodes,
            _ => &[],
        };
        let sighting = match nodes {
            [] => without_nodes(cluster, &waiting),
            nodes => sighting(cluster, &waiting, nodes),
        };
        waiting.report(cluster, sink, sighting);
    }
}

fn without_nodes<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>) -> Sighting {
    let subject = ObjectRef::pseudo("Cluster", &cluster.snapshot().info().name);
    Sighting::of(
        subject,
        "The cluster has no node that takes pods",
        format!(
            "Nothing can be scheduled; {} waits among others.",
            waiting.top
        ),
    )
    .suggest(Suggestion::advice(
        "Add a node, or find out why none has joined",
    ))
    .suggest(Suggestion::look("See the nodes", "kubectl get nodes"))
}

fn sighting<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>, nodes: &[&'a Node]) -> Sighting {
    // Trouble explains more than a cordon, and the first name stands for several.
    let speaking = nodes
        .iter()
        .copied()
        .find(|node| !node.spec.unschedulable)
        .or_else(|| nodes.first().copied());
    let Some(first) = speaking else {
        return without_nodes(cluster, waiting);
    };
    let names = some_of(nodes.iter().map(|node| node.metadata.name.as_str()), 4);
    let mut states: Vec<String> = nodes.iter().map(|node| state(node)).collect();
    states.sort();
    states.dedup();
    let states = states.join(", ");
    let title = match nodes {
        [node] => format!(
            "Node {} takes no pods ({states}), and {} can run on no other",
            node.metadata.name, waiting.top
        ),
        _ => format!(
            "All {} that {} may use take no pods ({states}): {names}",
            counted(nodes.len(), "node"),
            waiting.top
        ),
    };
    let explanation = format!(
        "Its pods cannot be scheduled until one of {names} is schedulable again.{}",
        waiting.others()
    );
    let mut sighting = Sighting::of(first.reference(), title, explanation)
        .severity(severity(cluster, nodes))
        .identified_by("nodes", names);
    for node in nodes.iter().take(MOST_NODES) {
        sighting = sighting.all_evidence(proof(node));
        if !node.spec.unschedulable {
            sighting = sighting.blames(node.reference(), "may run on");
        }
    }
    if let Some(node) = nodes.iter().find(|node| node.spec.unschedulable) {
        sighting = sighting.suggest(Suggestion::run(
            "Let the node take pods again, once its maintenance is over",
            format!("kubectl uncordon {}", node.metadata.name),
            Risk::Low,
        ));
    }
    sighting.suggest(Suggestion::look(
        "See the state of the node",
        format!("kubectl describe node {}", first.metadata.name),
    ))
}

/// A cordon of a few minutes is a drain in progress.
fn severity(cluster: &Cluster<'_>, nodes: &[&Node]) -> Severity {
    let is_fresh_drain = nodes.iter().all(|node| {
        node.spec.unschedulable
            && node.spec.taints.iter().any(|taint| {
                taint.key == "node.kubernetes.io/unschedulable"
                    && cluster.is_within(taint.time_added, DRAIN_GRACE)
            })
    });
    if is_fresh_drain {
        Severity::Warning
    } else {
        Severity::Critical
    }
}

fn state(node: &Node) -> String {
    if node.spec.unschedulable {
        return "cordoned, unschedulable".to_owned();
    }
    let tainted: Vec<&str> = node
        .spec
        .taints
        .iter()
        .filter(|taint| is_by_state(taint))
        .filter_map(|taint| taint.key.rsplit_once('/').map(|(_, state)| state))
        .collect();
    if tainted.is_empty() {
        "not ready".to_owned()
    } else {
        let mut states = tainted;
        states.sort_unstable();
        states.dedup();
        states.join(", ")
    }
}

fn proof(node: &Node) -> Vec<Evidence> {
    let mut all = Vec::new();
    if node.spec.unschedulable {
        let since = node
            .spec
            .taints
            .iter()
            .find(|taint| taint.key == "node.kubernetes.io/unschedulable")
            .and_then(|taint| taint.time_added);
        all.push(Evidence::field(node.reference(), "spec.unschedulable", true).at(since));
    }
    for taint in node.spec.taints.iter().filter(|taint| is_by_state(taint)) {
        if !node.spec.unschedulable {
            all.push(Evidence::field(node.reference(), "spec.taints", taint).at(taint.time_added));
        }
    }
    if let Some(ready) =
        condition(&node.status.conditions, "Ready").filter(|ready| !ready.is_true())
    {
        let text = format!("{}: {}", ready.reason, ready.message);
        all.push(
            Evidence::message(node.reference(), "status.conditions[Ready]", &text)
                .at(ready.last_transition_time),
        );
    }
    all
}
