use super::fit::{Blocker, NodeShortage};
use super::unscheduled::{self, Unscheduled};
use super::verdict::{Verdict, too_large};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Object;
use crate::model::{Evidence, Suggestion, counted};
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
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace, Deployment],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::TooLarge) {
        if let Blocker::Resources { short } = &waiting.fit.blocker {
            for resource in too_large(short) {
                if let Some(sighting) = sighting(cluster, &waiting, short, resource) {
                    waiting.report(cluster, sink, sighting);
                }
            }
        }
    }
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    waiting: &Unscheduled<'a>,
    short: &[NodeShortage<'a>],
    resource: &str,
) -> Option<Sighting> {
    let (node, shortage) = short
        .iter()
        .flat_map(|node| {
            node.shortages
                .iter()
                .map(move |shortage| (node.node, shortage))
        })
        .filter(|(_, shortage)| shortage.resource == resource)
        .max_by_key(|(_, shortage)| shortage.allocatable)?;
    let wanted = shortage.wanted.human(resource);
    let largest = shortage.allocatable.human(resource);
    let title = format!(
        "{} asks for {wanted} {resource} per pod; the largest node has {largest} allocatable",
        waiting.top
    );
    let explanation = format!(
        "Insufficient {resource}: the request fits on none of the {} that the pods may use, even if it were empty (largest: {} with {largest}).{}",
        counted(short.len(), "node"),
        node.metadata.name,
        waiting.others()
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .severity(waiting.severity_for_room(cluster))
        .identified_by("resource", resource);
    for (index, container) in waiting.pod.spec.containers.iter().enumerate() {
        if let Some(amount) = container.resources.effective_requests().get(resource) {
            sighting = sighting.evidence(Evidence::field(
                waiting.pod.reference(),
                &format!("spec.containers[{index}].resources.requests.{resource}"),
                amount.human(resource),
            ));
        }
    }
    Some(
        sighting
            .evidence(Evidence::field(
                node.reference(),
                &format!("status.allocatable.{resource}"),
                largest.clone(),
            ))
            .suggest(Suggestion::advice(format!(
                "Lower the {resource} request of {} below {largest}, or add a node with more than {wanted} allocatable",
                waiting.top
            )))
            .suggest(Suggestion::look(
                "Compare the nodes",
                format!("kubectl get nodes -o custom-columns=NAME:.metadata.name,ALLOCATABLE:.status.allocatable.{resource}"),
            )),
    )
}
