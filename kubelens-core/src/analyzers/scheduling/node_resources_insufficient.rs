use super::autoscaler_says::{AutoscalerSays, NO_MACHINE};
use super::filled_in;
use super::fit::{Blocker, NodeShortage};
use super::node_pools;
use super::preempted::preemptors_of;
use super::scheduler_message::ReasonKind;
use super::unscheduled::{self, Unscheduled};
use super::usage::{biggest_on, is_extended};
use super::verdict::{Verdict, on_every_node};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Object;
use crate::model::{Evidence, Suggestion, capitalized, safe_text, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// No node that the pod may use has as much cpu, memory, ephemeral storage or as many pod places left
    /// as it asks for: what the pods there have asked for, used or not, counts as taken.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, uid: p0}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: db, resources: {requests: {cpu: 3500m}}}]
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {requests: {cpu: "1"}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient cpu."}
    /// ```
    ///
    /// # Stays silent on
    /// A request that is larger than any node is another condition:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {requests: {cpu: "16"}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient cpu."}
    /// ```
    ///
    /// # How to fix
    /// Ask for less, free room by scaling down or moving what asks for most, or add a node.
    ///
    /// # What it cannot know
    /// Whether pods use what they ask for.
    ///
    /// # Source
    /// Plugin NodeResourcesFit of the scheduler; `PodRequests` of component-helpers.
    SCH002 "node-resources-insufficient" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace, Deployment, LimitRange],
        maps_to: ["k8sgpt:Pod", "classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Resources) {
        if makes_room(cluster, &waiting) {
            continue;
        }
        let sighting = sighting(cluster, &waiting);
        waiting.report(cluster, sink, sighting);
    }
}

/// A place was chosen, and pods of lower priority are leaving it.
fn makes_room(cluster: &Cluster<'_>, waiting: &Unscheduled<'_>) -> bool {
    let nominated = &waiting.pod.status.nominated_node_name;
    !nominated.is_empty()
        && cluster
            .pods_on(nominated)
            .any(|pod| pod.metadata.is_terminating())
}

fn sighting<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>) -> Sighting {
    let short: &[NodeShortage<'a>] = match &waiting.fit.blocker {
        Blocker::Resources { short } => short,
        _ => &[],
    };
    let resources = lacking(waiting, short);
    let wanted = waiting.pod.spec.effective_requests();
    let asked: Vec<String> = resources
        .iter()
        .map(|resource| match wanted.get(resource) {
            Some(amount) => format!("{} {resource} per pod", amount.human(resource)),
            None => "a place for one more pod".to_owned(),
        })
        .collect();
    let said = AutoscalerSays::of(cluster, waiting.pod);
    let nodes = if waiting.fit.set_aside.is_empty() {
        "no node has that left"
    } else {
        "no node that they may use has that left"
    };
    let nodes = match said {
        AutoscalerSays::NodeComes(_) => format!("{nodes}, and a node is on its way"),
        AutoscalerSays::GroupIsFull(_) => {
            format!("{nodes}, and the node group is at its maximum size")
        }
        AutoscalerSays::NodeFails(event) => format!(
            "{nodes}, and the node autoscaler gets no machine: {}",
            safe_text(&event.message)
        ),
        AutoscalerSays::NothingOfUse => format!("and {nodes}"),
    };
    let title = format!(
        "Insufficient {}: {} asks for {}, {nodes}",
        resources.join(" and "),
        waiting.top,
        asked.join(" and "),
    );
    let most: Vec<String> = resources
        .iter()
        .filter_map(|resource| most_free(short, resource))
        .collect();
    let explanation = format!(
        "The pods cannot be scheduled{}. {}{}{}",
        if matches!(said, AutoscalerSays::NodeComes(_)) {
            " until the node autoscaler's node is there"
        } else {
            ""
        },
        if most.is_empty() {
            "Every node that they may use is full by requests.".to_owned()
        } else {
            format!("{}.", capitalized(&most.join("; ")))
        },
        cordoned(waiting),
        waiting.others()
    ) + &filled_in::note(cluster, waiting.pod);
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .severity(waiting.severity_for_room(cluster))
        .identified_by("resource", resources.join(","));
    // Ready pools would have made room by themselves.
    if !matches!(said, AutoscalerSays::NodeComes(_)) {
        for pool in node_pools::not_ready_for(cluster, waiting.pod) {
            sighting = sighting.blames(pool, "makes room for");
        }
        // Of several pools another may have machines.
        if let [pool] = node_pools::serving(cluster, waiting.pod).as_slice() {
            sighting = sighting.blames(pool.reference(), "makes room for");
        }
    }
    for by in preemptors_of(cluster, waiting.pod) {
        sighting = sighting.blames(by, "took the room of");
    }
    for resource in &resources {
        if let Some(amount) = wanted.get(resource) {
            let path = format!("spec.containers[*].resources.requests.{resource} (sum)");
            let spec = &waiting.pod.spec;
            let overhead = spec.overhead.get(resource.as_str()).copied();
            let overhead = overhead.unwrap_or_default();
            sighting = sighting.evidence(Evidence::field(
                waiting.pod.reference(),
                &path,
                amount.minus(overhead).human(resource),
            ));
            if !overhead.is_zero() {
                sighting = sighting.evidence(Evidence::field(
                    waiting.pod.reference(),
                    &format!(
                        "spec.overhead.{resource} (RuntimeClass {})",
                        spec.runtime_class_name
                    ),
                    overhead.human(resource),
                ));
            }
        }
        for node in short.iter().take(3) {
            sighting = sighting.all_evidence(free_on(node, resource));
        }
    }
    let closed = waiting.fit.unusable_that_fit.iter();
    let closed = closed.filter(|node| node.spec.unschedulable);
    sighting = sighting
        .all_evidence(
            closed
                .take(3)
                .map(|node| Evidence::field(node.reference(), "spec.unschedulable", true)),
        )
        .all_evidence(filled_in::proof(waiting.pod))
        .all_evidence(said.evidence());
    if let AutoscalerSays::NodeComes(_) = said {
        return sighting.suggest(Suggestion::look(
            "See whether the node comes",
            "kubectl get nodes",
        ));
    }
    if let AutoscalerSays::GroupIsFull(_) = said {
        sighting = sighting.suggest(Suggestion::advice(
            "Raise the maximum size of the node group that fits the pods",
        ));
    }
    if let AutoscalerSays::NodeFails(_) = said {
        sighting = sighting.suggest(Suggestion::advice(NO_MACHINE));
    }
    if let Some(advice) = filled_in::advice(cluster, waiting.pod, &waiting.top) {
        sighting = sighting.suggest(Suggestion::advice(advice));
    }
    sighting
        .suggest(Suggestion::advice(advice(
            cluster, waiting, short, &resources,
        )))
        .suggest(Suggestion::look(
            "See what each node has given away",
            "kubectl describe nodes",
        ))
}

/// What all nodes lack; what any lacks where there is no such thing; else what the scheduler names.
fn lacking(waiting: &Unscheduled<'_>, short: &[NodeShortage<'_>]) -> Vec<String> {
    let mut all: Vec<String> = on_every_node(short).map(str::to_owned).collect();
    if all.is_empty() {
        all = short
            .iter()
            .flat_map(|node| &node.shortages)
            .map(|shortage| shortage.resource.clone())
            .collect();
    }
    if all.is_empty() {
        all = waiting
            .message
            .reasons
            .iter()
            .filter_map(|reason| match reason.kind {
                ReasonKind::Insufficient(resource) if !is_extended(resource) => {
                    Some(resource.to_owned())
                }
                ReasonKind::TooManyPods => Some("pods".to_owned()),
                _ => None,
            })
            .collect();
    }
    all.sort();
    all.dedup();
    all
}

fn most_free(short: &[NodeShortage<'_>], resource: &str) -> Option<String> {
    let (node, shortage) = short
        .iter()
        .flat_map(|node| {
            node.shortages
                .iter()
                .map(move |shortage| (node.node, shortage))
        })
        .filter(|(_, shortage)| shortage.resource == resource)
        .max_by_key(|(_, shortage)| shortage.free)?;
    let free = shortage.free.max(crate::model::Quantity::ZERO);
    Some(format!(
        "most {resource} left: {} of {} allocatable on {}",
        free.human(resource),
        shortage.allocatable.human(resource),
        node.metadata.name
    ))
}

fn free_on(node: &NodeShortage<'_>, resource: &str) -> Option<Evidence> {
    let shortage = node
        .shortages
        .iter()
        .find(|shortage| shortage.resource == resource)?;
    Some(Evidence::field(
        node.node.reference(),
        &format!("status.allocatable.{resource}"),
        format!(
            "{} ({} left after the requests of its pods)",
            shortage.allocatable.human(resource),
            shortage.free.human(resource)
        ),
    ))
}

/// Nodes that would take the pod and are kept from it.
fn cordoned(waiting: &Unscheduled<'_>) -> String {
    let names = waiting
        .fit
        .unusable_that_fit
        .iter()
        .map(|node| node.metadata.name.as_str());
    match waiting.fit.unusable_that_fit.len() {
        0 => String::new(),
        _ => format!(
            " It would fit on {}, which takes no pods now.",
            some_of(names, 3)
        ),
    }
}

fn advice(
    cluster: &Cluster<'_>,
    waiting: &Unscheduled<'_>,
    short: &[NodeShortage<'_>],
    resources: &[String],
) -> String {
    let biggest = short
        .iter()
        .zip(resources.iter().cycle())
        .find_map(|(node, resource)| {
            // What a node needs to be one is no room to be freed.
            let (pod, amount) = biggest_on(cluster, node.node, resource)
                .into_iter()
                .find(|(pod, _)| cluster.top_of(pod).kind != "DaemonSet")?;
            Some(format!(
                " (largest on {}: {} with {} {resource})",
                node.node.metadata.name,
                cluster.top_of(pod),
                amount.human(resource)
            ))
        });
    // A pod of a DaemonSet is made for one node: no other helps it.
    match (waiting.top.kind.as_str(), short) {
        ("DaemonSet", [node]) => {
            let name = &node.node.metadata.name;
            let free = biggest.map_or_else(String::new, |biggest| format!(", free room{biggest}"));
            format!(
                "Lower the requests of {}{free}, or keep it off {name} by a node affinity",
                waiting.top
            )
        }
        _ => format!(
            "Lower the requests, free room{}, or add a node",
            biggest.unwrap_or_default()
        ),
    }
}
