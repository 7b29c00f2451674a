//! Whether there is a node for the pods of a template.

use crate::analysis::Sighting;
use crate::kubernetes::{Kind, Node, Object, PodSpec};
use crate::model::{Evidence, Quantity, Severity, Suggestion, counted};
use crate::snapshot::{Cluster, Workload};

/// Templates whose pods no node can take: by label, by taint, by size, or because all that could are full now.
///
/// A warning and not more: an autoscaler may bring a node that fits. DaemonSets choose their nodes themselves.
pub(super) fn check<'a>(
    workload: &Workload<'a>,
    cluster: &Cluster<'a>,
    seen: &mut Vec<(&'static str, Sighting)>,
) {
    let spec = workload.pod_spec();
    let nodes: Vec<&Node> = cluster.all::<Node>().collect();
    let is_elsewhere = !matches!(spec.scheduler_name.as_str(), "" | "default-scheduler");
    if nodes.is_empty()
        || !cluster.is_complete(Kind::Node, "")
        || matches!(workload, Workload::DaemonSet(_))
        || workload.is_resting()
        || is_elsewhere
        || !spec.node_name.is_empty()
    {
        return;
    }
    let chosen: Vec<&Node> = nodes
        .iter()
        .copied()
        .filter(|node| spec.selects_node(node))
        .collect();
    if chosen.is_empty() {
        return seen.push(("SCH005", unselected(workload, nodes.len())));
    }
    let open: Vec<&Node> = chosen
        .iter()
        .copied()
        .filter(|node| spec.untolerated_taints(node).is_empty())
        .collect();
    if open.is_empty() {
        return seen.push(("SCH007", tainted(workload, &chosen)));
    }
    for (resource, asked) in spec.effective_requests().iter() {
        let allocatable = |node: &Node| node.status.allocatable.get(resource).copied();
        // A node that does not say how much it has proves nothing.
        let amounts: Option<Vec<(&Node, Quantity)>> = open
            .iter()
            .map(|node| Some((*node, allocatable(node)?)))
            .collect();
        let Some(largest) = amounts.and_then(|all| {
            all.into_iter()
                .max_by_key(|(_, amount)| amount.thousandths())
        }) else {
            continue;
        };
        if asked.thousandths() > largest.1.thousandths() {
            return seen.push(("SCH004", too_large(workload, resource, *asked, largest)));
        }
    }
    if cluster.is_complete(Kind::Pod, "") && !open.iter().any(|node| has_room(cluster, node, spec))
    {
        seen.push(("SCH002", full(workload, open.len())));
    }
}

/// Whether the node has as much left as the pod asks for.
fn has_room(cluster: &Cluster<'_>, node: &Node, spec: &PodSpec) -> bool {
    let pods: Vec<_> = cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| !pod.is_finished())
        .collect();
    spec.effective_requests().iter().all(|(resource, asked)| {
        let used = pods
            .iter()
            .filter_map(|pod| pod.spec.effective_requests().get(resource).copied())
            .fold(Quantity::ZERO, Quantity::plus);
        node.status
            .allocatable
            .get(resource)
            .is_none_or(|has| used.plus(*asked).thousandths() <= has.thousandths())
    })
}

fn base(workload: &Workload<'_>, title: String, explanation: String) -> Sighting {
    Sighting::of(workload.reference(), title, explanation).severity(Severity::Warning)
}

fn unselected(workload: &Workload<'_>, nodes: usize) -> Sighting {
    let own = workload.reference();
    let spec = workload.pod_spec();
    let asked: Vec<String> = spec
        .node_selector
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let what = if asked.is_empty() {
        "its node affinity".to_owned()
    } else {
        asked.join(", ")
    };
    let path = format!("{}.nodeSelector", workload.pod_spec_path());
    base(
        workload,
        format!("No node has what {own} selects: {what}"),
        format!(
            "Its pods will stay Pending: none of {} matches.",
            counted(nodes, "node")
        ),
    )
    .identified_by("selector", &what)
    .evidence(Evidence::field(own.clone(), &path, &what))
    .suggest(Suggestion::advice(format!(
        "Correct the node selector of {own}, or label a node"
    )))
}

fn tainted(workload: &Workload<'_>, nodes: &[&Node]) -> Sighting {
    let own = workload.reference();
    let spec = workload.pod_spec();
    let mut sighting = base(
        workload,
        format!("{own} tolerates the taints of none of the nodes that it may use"),
        format!(
            "Its pods will stay Pending: {} may be used by its selector, and each has a taint.",
            counted(nodes.len(), "node")
        ),
    );
    for node in nodes.iter().take(3) {
        for taint in spec.untolerated_taints(node).into_iter().take(1) {
            sighting = sighting.evidence(Evidence::field(
                node.reference(),
                "spec.taints",
                format!("{}={}:{}", taint.key, taint.value, taint.effect),
            ));
        }
    }
    sighting.suggest(Suggestion::advice(format!(
        "Add a toleration to {own}, or choose other nodes"
    )))
}

fn too_large(
    workload: &Workload<'_>,
    resource: &str,
    asked: Quantity,
    (node, has): (&Node, Quantity),
) -> Sighting {
    let own = workload.reference();
    let (asked, has) = (asked.human(resource), has.human(resource));
    base(
        workload,
        format!(
            "{own} asks for {asked} {resource} per pod; the largest node that it may use has {has}"
        ),
        "Its pods will stay Pending, even if that node were empty.".to_owned(),
    )
    .identified_by("resource", resource)
    .evidence(Evidence::field(
        own.clone(),
        &format!(
            "{}.containers[*].resources.requests.{resource}",
            workload.pod_spec_path()
        ),
        &asked,
    ))
    .evidence(Evidence::field(
        node.reference(),
        &format!("status.allocatable.{resource}"),
        &has,
    ))
    .suggest(Suggestion::advice(format!(
        "Lower the {resource} request of {own} below {has}, or add a larger node"
    )))
}

fn full(workload: &Workload<'_>, nodes: usize) -> Sighting {
    let own = workload.reference();
    base(
        workload,
        format!("No node has room for a pod of {own} now"),
        format!(
            "{} may take it, and what the pods there request leaves too little of each. Pods that are replaced give room back.",
            counted(nodes, "node")
        ),
    )
    .confidence(0.8)
    .evidence(Evidence::field(
        own.clone(),
        &format!("{}.containers[*].resources.requests", workload.pod_spec_path()),
        workload
            .pod_spec()
            .effective_requests()
            .iter()
            .map(|(resource, amount)| format!("{resource}={}", amount.human(resource)))
            .collect::<Vec<_>>()
            .join(", "),
    ))
    .suggest(Suggestion::advice(format!(
        "Lower the requests of {own}, or add a node"
    )))
}
