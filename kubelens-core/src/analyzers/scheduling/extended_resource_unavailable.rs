use super::fit::{Blocker, NodeShortage};
use super::scheduler_message::ReasonKind;
use super::unscheduled::{self, Unscheduled};
use super::usage::{allocatable, biggest_on, is_extended};
use super::verdict::{Verdict, on_every_node};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{DaemonSet, Kind, Node, Object};
use crate::model::{Evidence, Quantity, Suggestion, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod asks for a device or for huge pages, and no node that it may use has any left: none
    /// advertises the resource, none is healthy, or all are in use.
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
    /// metadata: {name: train-1, namespace: ml, uid: p1}
    /// spec:
    ///   containers: [{name: train, resources: {limits: {nvidia.com/gpu: "1"}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110", nvidia.com/gpu: "1"}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: train-1, namespace: ml, uid: p1}
    /// spec:
    ///   containers: [{name: train, resources: {requests: {cpu: "3"}, limits: {nvidia.com/gpu: "1"}}}]
    ///   nodeName: n1
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Correct the resource's name, install the device plugin, free a device, or add a node that has it.
    ///
    /// # What it cannot know
    /// Whether a machine has a device that nothing advertises.
    ///
    /// # Source
    /// Plugin NodeResourcesFit of the scheduler; `status.capacity` and `status.allocatable` of core/v1 Node.
    SCH003 "extended-resource-unavailable" {
        role: Root,
        severity: Critical,
        confidence: 0.94,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace, Deployment, DaemonSet],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Extended) {
        let resources: Vec<String> = match &waiting.fit.blocker {
            Blocker::Resources { short } => lacking(short),
            _ => Vec::new(),
        };
        let resources = if resources.is_empty() {
            named(&waiting)
        } else {
            resources
        };
        for resource in resources {
            let sighting = unmade_slices(cluster, &waiting, &resource)
                .unwrap_or_else(|| sighting(cluster, &waiting, &resource));
            waiting.report(cluster, sink, sighting);
        }
    }
}

/// The label in which NVIDIA's MIG manager says how it went with the layout of a node's cards, and the one that asks for it.
const LAYOUT_STATE: &str = "nvidia.com/mig.config.state";
const LAYOUT: &str = "nvidia.com/mig.config";

/// A slice of a card that no node offers, while the cards of a node could not be given the layout that was asked for.
fn unmade_slices<'a>(
    cluster: &Cluster<'a>,
    waiting: &Unscheduled<'a>,
    resource: &str,
) -> Option<Sighting> {
    if !resource.starts_with("nvidia.com/mig-") {
        return None;
    }
    let mut nodes = cluster.all::<Node>();
    let node = nodes.find(|node| {
        node.metadata.labels.value(LAYOUT_STATE) == Some("failed")
            && allocatable(node, resource).is_zero()
    })?;
    let own = node.reference();
    let layout = node.metadata.labels.value(LAYOUT).unwrap_or_default();
    let title = format!(
        "The cards of {own} could not be given MIG layout `{layout}`, and {} waits for {resource}",
        waiting.top
    );
    let explanation = format!(
        "The MIG manager says that it failed: the layout is not in its configuration, or the cards cannot have it. No slice is offered until then.{}",
        waiting.others()
    );
    let label = |key: &str, value: &str| {
        Evidence::field(own.clone(), &format!("metadata.labels[{key}]"), value)
    };
    let sighting = Sighting::of(own.clone(), title, explanation)
        .severity(waiting.severity_for_room(cluster))
        .identified_by("resource", resource)
        .evidence(label(LAYOUT_STATE, "failed"))
        .evidence(label(LAYOUT, layout))
        .suggest(Suggestion::advice(format!(
            "Set label {LAYOUT} of {own} to a layout that the MIG manager's ConfigMap holds, and read what the MIG manager of the node says"
        )));
    Some(sighting)
}

fn lacking(short: &[NodeShortage<'_>]) -> Vec<String> {
    on_every_node(short)
        .filter(|resource| is_extended(resource))
        .map(str::to_owned)
        .collect()
}

fn named(waiting: &Unscheduled<'_>) -> Vec<String> {
    waiting
        .message
        .reasons
        .iter()
        .filter_map(|reason| match reason.kind {
            ReasonKind::Insufficient(resource) if is_extended(resource) => {
                Some(resource.to_owned())
            }
            _ => None,
        })
        .collect()
}

fn sighting<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>, resource: &str) -> Sighting {
    let listing: Vec<&'a Node> = cluster
        .all::<Node>()
        .filter(|node| {
            node.status.capacity.contains_key(resource)
                || node.status.allocatable.contains_key(resource)
        })
        .collect();
    // A kubelet lists what it has none of, too: huge pages that nobody reserved, devices whose plugin has gone.
    let having: Vec<&'a Node> = listing
        .iter()
        .copied()
        .filter(|node| {
            let capacity = node.status.capacity.get(resource);
            capacity.is_some_and(|amount| !amount.is_zero())
                || !allocatable(node, resource).is_zero()
        })
        .collect();
    let healthy: Vec<&'a Node> = having
        .iter()
        .copied()
        .filter(|node| !allocatable(node, resource).is_zero())
        .collect();
    let wanted = waiting
        .pod
        .spec
        .effective_requests()
        .get(resource)
        .copied()
        .unwrap_or_default();
    let asks = format!(
        "{} asks for {} {resource}",
        waiting.top,
        wanted.human(resource)
    );
    let (title, explanation) = if healthy.is_empty() && !having.is_empty() {
        let names = some_of(having.iter().map(|node| node.metadata.name.as_str()), 3);
        (
            format!("{asks}, and no node has a healthy one"),
            format!(
                "{names} have {resource} in their capacity and 0 allocatable: the device plugin there reports none as healthy."
            ),
        )
    } else if healthy.is_empty() && !listing.is_empty() {
        none_left(&asks, &listing, resource)
    } else if healthy.is_empty() && cluster.is_complete(Kind::Node, "") {
        (
            format!("{asks}, and no node offers {resource}"),
            format!(
                "Insufficient {resource}: none of the nodes advertises it, so no pod that asks for it can ever run.{}",
                near(cluster, resource)
            ),
        )
    } else {
        (
            format!("{asks}, and no node that it may use has as many left"),
            format!(
                "Insufficient {resource}: {}.",
                in_use(cluster, &healthy, resource)
            ),
        )
    };
    let mut sighting = waiting
        .of_the_owner(title, format!("{explanation}{}", waiting.others()))
        .severity(waiting.severity_for_room(cluster))
        .identified_by("resource", resource)
        .grouped(resource, format!("workloads need {resource}"))
        .evidence(Evidence::field(
            waiting.pod.reference(),
            &format!("spec.containers[*].resources.requests.{resource} (sum)"),
            wanted.human(resource),
        ));
    if healthy.is_empty() {
        for node in &having {
            sighting = sighting.blames(node.reference(), "device of");
        }
    }
    if having.is_empty()
        && let Some(plugin) = device_plugin(cluster, resource)
    {
        sighting = sighting.blames(plugin.reference(), "device plugin of");
    }
    let shown = if having.is_empty() { &listing } else { &having };
    for node in shown.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            node.reference(),
            &format!("status.allocatable.{resource}"),
            allocatable(node, resource).human(resource),
        ));
    }
    sighting
        .suggest(Suggestion::advice(if healthy.is_empty() && resource.starts_with(HUGE_PAGES) {
            format!("Reserve {resource} on a node (kernel parameters hugepagesz and hugepages; its kubelet counts them when it starts), or correct what {} asks for", waiting.top)
        } else if healthy.is_empty() {
            format!("Check that the device plugin for {resource} runs, or correct the resource name in {}", waiting.top)
        } else {
            format!("Free {resource} or add a node that has it")
        }))
        .suggest(Suggestion::look(
            "See which nodes offer it",
            format!(
                "kubectl get nodes -o custom-columns='NAME:.metadata.name,HAS:.status.allocatable.{}'",
                resource.replace('.', "\\.")
            ),
        ))
}

/// Title and explanation where nodes list the resource with a capacity of nothing.
fn none_left(asks: &str, listing: &[&Node], resource: &str) -> (String, String) {
    let names = some_of(listing.iter().map(|node| node.metadata.name.as_str()), 3);
    if resource.starts_with(HUGE_PAGES) {
        (
            format!("{asks}, and no node reserves {resource}"),
            format!(
                "{names} have a capacity of 0 {resource}: a node has huge pages only where its kernel reserves them."
            ),
        )
    } else {
        (
            format!("{asks}, and no node offers {resource} any more"),
            format!(
                "{names} list {resource} with a capacity of 0: its device plugin was there and has gone."
            ),
        )
    }
}

/// How the names of huge pages begin; kernels have them, no device plugin.
const HUGE_PAGES: &str = "hugepages-";

/// The DaemonSet that by its name is the device plugin of the resource's vendor (`nvidia.com/gpu`:
/// `nvidia-device-plugin-…`), where it has no ready pod.
fn device_plugin<'a>(cluster: &Cluster<'a>, resource: &str) -> Option<&'a DaemonSet> {
    let vendor = resource.split(['.', '/']).next()?;
    cluster.all::<DaemonSet>().find(|set| {
        let name = set.metadata.name.as_str();
        name.contains("device-plugin") && name.contains(vendor) && set.status.number_ready == 0
    })
}

/// Resources of the nodes with a name like this one.
fn near(cluster: &Cluster<'_>, resource: &str) -> String {
    let mut known: Vec<&str> = cluster
        .all::<Node>()
        .flat_map(|node| node.status.allocatable.keys())
        .map(|key| key.as_str())
        .filter(|key| is_extended(key) && strsim::jaro_winkler(key, resource) >= 0.75)
        .collect();
    known.sort_unstable();
    known.dedup();
    if known.is_empty() {
        String::new()
    } else {
        format!(" Nodes offer {}.", some_of(known, 3))
    }
}

fn in_use(cluster: &Cluster<'_>, nodes: &[&Node], resource: &str) -> String {
    let total = nodes.iter().fold(Quantity::ZERO, |sum, node| {
        sum.plus(allocatable(node, resource))
    });
    let mut holders: Vec<String> = nodes
        .iter()
        .flat_map(|node| biggest_on(cluster, node, resource))
        .map(|(pod, _)| cluster.top_of(pod).to_string())
        .collect();
    holders.sort();
    holders.dedup();
    let by = if holders.is_empty() {
        String::new()
    } else {
        format!(", in use by {}", some_of(holders, 3))
    };
    format!(
        "{} offer {} in all{by}",
        some_of(nodes.iter().map(|node| node.metadata.name.as_str()), 3),
        total.human(resource)
    )
}
