use std::collections::BTreeMap;

use super::fit::{Blocker, custom_taints};
use super::scheduler_message::ReasonKind;
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object};
use crate::model::{Evidence, Suggestion, counted, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// Every node that a pod may use by its labels has a taint that the pod does not tolerate. Nodes of
    /// other pools and of the control plane do not count.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: ml1, uid: n1, labels: {pool: ml}}
    /// spec: {taints: [{key: dedicated, value: ml, effect: NoSchedule}]}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2, uid: n2}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: train-1, namespace: ml, uid: p1}
    /// spec:
    ///   nodeSelector: {pool: ml}
    ///   containers: [{name: train}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s)."}
    /// ```
    ///
    /// # Stays silent on
    /// The tainted node is not the reason: another one would do and is full.
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: cp1, uid: n1}
    /// spec: {taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2, uid: n2}
    /// status: {allocatable: {memory: 1Gi}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {requests: {memory: 2Gi}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s)."}
    /// ```
    ///
    /// # How to fix
    /// Add the toleration if the workload belongs there; else let it run elsewhere, or take the taint off.
    ///
    /// # What it cannot know
    /// Who the tainted nodes are kept for.
    ///
    /// # Source
    /// Plugin TaintToleration of the scheduler; `taints` of core/v1 Node.
    SCH007 "taint-not-tolerated" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["POP-700", "classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Taint) {
        let sighting = sighting(&waiting);
        waiting.report(cluster, sink, sighting);
    }
}

fn sighting(waiting: &Unscheduled<'_>) -> Sighting {
    let nodes: &[&Node] = match &waiting.fit.blocker {
        Blocker::Taint { nodes } => nodes,
        _ => &[],
    };
    let mut taints: BTreeMap<String, Vec<&Node>> = BTreeMap::new();
    for node in nodes {
        for taint in custom_taints(waiting.pod, node) {
            taints.entry(taint.to_string()).or_default().push(node);
        }
    }
    let list: Vec<String> = if taints.is_empty() {
        said(waiting)
    } else {
        taints.keys().cloned().collect()
    };
    let plural = if list.len() == 1 { "taint" } else { "taints" };
    let title = format!(
        "{} does not tolerate the {plural} {} of {}",
        waiting.top,
        some_of(&list, 3),
        match nodes {
            [] => "the nodes".to_owned(),
            [node] => node.reference().to_string(),
            _ => format!("the {} that it may use", counted(nodes.len(), "node")),
        }
    );
    let per_taint: Vec<String> = taints
        .iter()
        .map(|(taint, on)| {
            let names = on.iter().map(|node| node.metadata.name.as_str());
            format!("{taint} is on {}", some_of(names, 3))
        })
        .collect();
    let selector = if waiting.pod.spec.node_selector.is_empty() {
        String::new()
    } else {
        let pairs = waiting
            .pod
            .spec
            .node_selector
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>();
        format!(
            " Its node selector ({}) allows no other node.",
            pairs.join(", ")
        )
    };
    let explanation = format!(
        "Its pods cannot be scheduled: {}, and the pods have no toleration for it.{selector}{}",
        if per_taint.is_empty() {
            "the nodes are tainted".to_owned()
        } else {
            per_taint.join("; ")
        },
        waiting.others()
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .identified_by("taint", list.join(","))
        .grouped(
            list.join(","),
            format!("workloads do not tolerate {}", list.join(", ")),
        );
    for node in nodes.iter().take(3) {
        for taint in custom_taints(waiting.pod, node) {
            sighting = sighting.evidence(Evidence::field(node.reference(), "spec.taints", taint));
        }
    }
    sighting = sighting.evidence(Evidence::field(
        waiting.pod.reference(),
        "spec.tolerations",
        tolerations(waiting),
    ));
    sighting
        .suggest(Suggestion::advice(format!(
            "Add a toleration for {} to {}, or change its node selector",
            some_of(&list, 3),
            waiting.top
        )))
        .suggest(Suggestion::look(
            "See the taints of the nodes",
            "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
        ))
}

fn said(waiting: &Unscheduled<'_>) -> Vec<String> {
    waiting
        .message
        .reasons
        .iter()
        .filter_map(|reason| match reason.kind {
            ReasonKind::Taint(Some(key)) => Some(key.to_owned()),
            _ => None,
        })
        .collect()
}

/// The tolerations, those that every pod gets aside.
fn tolerations(waiting: &Unscheduled<'_>) -> String {
    let own: Vec<String> = waiting
        .pod
        .spec
        .tolerations
        .iter()
        .filter(|toleration| {
            !matches!(
                toleration.key.as_str(),
                "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable"
            )
        })
        .map(|toleration| {
            let value = match toleration.operator.as_str() {
                "" | "Equal" => format!("={}", toleration.value),
                "Exists" => String::new(),
                other => format!(" {other} {}", toleration.value),
            };
            format!("{}{value}:{}", toleration.key, toleration.effect)
        })
        .collect();
    if own.is_empty() {
        "none of its own".to_owned()
    } else {
        own.join(", ")
    }
}
