use super::filled_in;
use super::fit::{Blocker, NodeShortage};
use super::unscheduled::{self, Unscheduled};
use super::verdict::{Verdict, too_large};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, Pod};
use crate::model::{Evidence, Quantity, Suggestion, counted};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod asks for more than the largest node that it may use could give, even if that were empty: it
    /// can never run here.
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
    /// metadata: {name: cube-1, namespace: olap, uid: p1}
    /// spec:
    ///   containers: [{name: cube, resources: {requests: {memory: 28Gi}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient memory."}
    /// ```
    ///
    /// # Stays silent on
    /// A node that is large enough and full is another condition:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// status: {allocatable: {cpu: "4", memory: 32Gi, pods: "110"}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: olap, uid: p0}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: db, resources: {requests: {memory: 16Gi}}}]
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: cube-1, namespace: olap, uid: p1}
    /// spec:
    ///   containers: [{name: cube, resources: {requests: {memory: 28Gi}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient memory."}
    /// ```
    ///
    /// # How to fix
    /// Ask for less, or add a larger node.
    ///
    /// # What it cannot know
    /// How much the program really needs.
    ///
    /// # Source
    /// Plugin NodeResourcesFit of the scheduler; `status.allocatable` of core/v1 Node.
    SCH004 "request-larger-than-any-node" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace, Deployment, LimitRange],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::TooLarge) {
        if let Blocker::Resources { short } = &waiting.fit.blocker {
            let larger: Vec<Larger<'a>> = too_large(short)
                .into_iter()
                .filter_map(|resource| Larger::of(short, waiting.pod, resource))
                .collect();
            if !larger.is_empty() {
                let sighting = sighting(cluster, &waiting, short.len(), &larger);
                waiting.report(cluster, sink, sighting);
            }
        }
    }
}

/// A resource of which more is asked for than any node has.
struct Larger<'a> {
    resource: String,
    wanted: String,
    /// How much of it is the overhead of the pod's RuntimeClass; nothing where it has none.
    overhead: Quantity,
    /// What containers may ask for on the node that has most, beside the overhead.
    room: String,
    /// The node that has most of it.
    node: &'a Node,
    /// What that has.
    largest: String,
}

impl<'a> Larger<'a> {
    fn of(short: &[NodeShortage<'a>], pod: &Pod, resource: &str) -> Option<Self> {
        let (node, shortage) = short
            .iter()
            .flat_map(|node| {
                node.shortages
                    .iter()
                    .map(move |shortage| (node.node, shortage))
            })
            .filter(|(_, shortage)| shortage.resource == resource)
            .max_by_key(|(_, shortage)| shortage.allocatable)?;
        let overhead = pod.spec.overhead.get(resource);
        let overhead = overhead.copied().unwrap_or_default();
        let room = shortage.allocatable.minus(overhead).max(Quantity::ZERO);
        Some(Self {
            overhead,
            room: room.human(resource),
            resource: resource.to_owned(),
            wanted: shortage.wanted.human(resource),
            node,
            largest: shortage.allocatable.human(resource),
        })
    }

    /// `, 2.5Gi of it overhead of RuntimeClass kata`; empty where containers ask for all of it.
    fn overhead_of(&self, class: &str) -> String {
        if self.overhead.is_zero() {
            return String::new();
        }
        let amount = self.overhead.human(&self.resource);
        format!(" ({amount} of it overhead of RuntimeClass {class})")
    }
}

fn all_of(larger: &[Larger<'_>], words: impl Fn(&Larger<'_>) -> String) -> String {
    larger.iter().map(words).collect::<Vec<_>>().join(" and ")
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    waiting: &Unscheduled<'a>,
    nodes: usize,
    larger: &[Larger<'a>],
) -> Sighting {
    let resources = all_of(larger, |it| it.resource.clone());
    let class = waiting.pod.spec.runtime_class_name.as_str();
    let title = format!(
        "{} asks for {} per pod; the largest node has {} allocatable",
        waiting.top,
        all_of(larger, |it| format!(
            "{} {}{}",
            it.wanted,
            it.resource,
            it.overhead_of(class)
        )),
        all_of(larger, |it| it.largest.clone()),
    );
    let explanation = format!(
        "Insufficient {resources}: the request fits on none of the {} that the pods may use, even if it were empty (largest: {}).{}{}",
        counted(nodes, "node"),
        all_of(larger, |it| format!(
            "{} with {}",
            it.node.metadata.name, it.largest
        )),
        waiting.others(),
        filled_in::note(cluster, waiting.pod),
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .severity(waiting.severity_for_room(cluster))
        .identified_by("resource", all_of(larger, |it| it.resource.clone()));
    for it in larger {
        let resource = it.resource.as_str();
        for (index, container) in waiting.pod.spec.containers.iter().enumerate() {
            if let Some(amount) = container.resources.effective_requests().get(resource) {
                sighting = sighting.evidence(Evidence::field(
                    waiting.pod.reference(),
                    &format!("spec.containers[{index}].resources.requests.{resource}"),
                    amount.human(resource),
                ));
            }
        }
        if !it.overhead.is_zero() {
            sighting = sighting.evidence(Evidence::field(
                waiting.pod.reference(),
                &format!("spec.overhead.{resource}"),
                it.overhead.human(resource),
            ));
        }
        sighting = sighting.evidence(Evidence::field(
            it.node.reference(),
            &format!("status.allocatable.{resource}"),
            it.largest.clone(),
        ));
    }
    sighting = sighting.all_evidence(filled_in::proof(waiting.pod));
    if let Some(advice) = filled_in::advice(cluster, waiting.pod, &waiting.top) {
        sighting = sighting.suggest(Suggestion::advice(advice));
    }
    let columns: String = larger
        .iter()
        .map(|it| {
            format!(
                ",{}:.status.allocatable.{}",
                it.resource.to_uppercase(),
                it.resource
            )
        })
        .collect();
    sighting
        .suggest(Suggestion::advice(format!(
            "Lower the {resources} request of {} below {}, or add a node with more than {} allocatable",
            waiting.top,
            all_of(larger, |it| it.room.clone()),
            all_of(larger, |it| it.wanted.clone()),
        )))
        .suggest(Suggestion::look(
            "Compare the nodes",
            format!("kubectl get nodes -o custom-columns=NAME:.metadata.name{columns}"),
        ))
}
