use std::collections::BTreeSet;

use jiff::Timestamp;

use super::clock_skew;
use super::held_volumes::with_volumes;
use super::node_problem_reported::blaming_the_kernel;
use super::state::{JOINING, describe, is_in_use, pods_there, ready, shared_by_zone};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::control_plane::webhook::LeaseHolders;
use crate::analyzers::kubelet_certificate::awaited_by;
use crate::kubernetes::{Condition, Lease, Node, Object, Pod, Text};
use crate::model::{Evidence, Severity, Suggestion, counted, safe_text, some_of};
use crate::snapshot::{Cluster, Digest};

declare_analyzer! {
    /// # What it means
    /// The control plane hears nothing from a node's kubelet: the machine is off, cut off from the
    /// network, or its kubelet is dead. Nobody knows what runs on it; after minutes its pods are moved.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status., lastHeartbeatTime: "2026-01-01T11:40:00Z", lastTransitionTime: "2026-01-01T11:41:00Z"}
    /// ```
    /// A lease that is not renewed while others are:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n1, namespace: kube-node-lease}
    /// spec: {renewTime: "2026-01-01T11:57:00Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n2, namespace: kube-node-lease}
    /// spec: {renewTime: "2026-01-01T11:59:58Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n1, namespace: kube-node-lease}
    /// spec: {renewTime: "2026-01-01T11:59:50Z"}
    /// ```
    ///
    /// # How to fix
    /// Bring the machine or its network back, restart the kubelet, or replace the machine and delete
    /// its Node. The taint `node.kubernetes.io/out-of-service` lets go of the pods and volumes of a machine that is off.
    ///
    /// # What it cannot know
    /// Whether the machine is off, or only cannot be reached.
    ///
    /// # Source
    /// Condition `Ready` of core/v1 Node, status Unknown (node lifecycle controller); leases of
    /// kube-node-lease, compared with each other; VolumeAttachments and the node affinity of volumes.
    NOD002 "node-unreachable" {
        role: Root,
        severity: Critical,
        confidence: 0.96,
        reads: [
            Lease, Pod, Event, ValidatingWebhookConfiguration, MutatingWebhookConfiguration, Service, EndpointSlice,
            Endpoints, Namespace, VolumeAttachment, PersistentVolume,
            CertificateSigningRequest,
        ],
        maps_to: ["k8sgpt:Node", "POP-207", "POP-701", "classic:node_health"],
        check: Node(check),
    }
}

/// Namespace of the leases by which kubelets say that they live.
const NODE_LEASES: &str = "kube-node-lease";

/// Seconds of lag from which nothing on the node can be trusted any more.
const LEASE_DEAD: i64 = 300;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !is_in_use(node) {
        return;
    }
    let is_young = !cluster.has_lasted(node.metadata.creation_timestamp, JOINING);
    match ready(node) {
        Some(ready) if ready.status == "Unknown" => {
            let mut sighting = silent_kubelet(node, cluster, ready);
            // A kubelet that may not renew its lease is silent, however well it is.
            for (hook, service) in &cluster.once(LeaseHolders::of).0 {
                sighting = sighting
                    .blames(hook.clone(), "is asked about the lease of")
                    .blames(service.clone(), "is asked about the lease of");
            }
            if let Some(request) = awaited_by(cluster, node, ready.last_heartbeat_time) {
                sighting = sighting.blames(request, "asked for by the kubelet of");
            }
            sink.report(sighting);
        }
        Some(ready) if ready.is_true() && !is_young => {
            if let Some((own, newest)) = lagging_lease(cluster, node)
                // A node that stamps with a wrong clock lives.
                && !clock_skew::is_known(cluster, node)
            {
                sink.report(stale_lease(node, cluster, own, newest));
            }
        }
        None if !is_young && node.metadata.creation_timestamp.is_some() => {
            sink.report(never_reported(node, cluster));
        }
        _ => {}
    }
}

fn lease_of(cluster: &Cluster<'_>, node: &Node) -> Option<Timestamp> {
    cluster
        .get::<Lease>(NODE_LEASES, &node.metadata.name)?
        .spec
        .renew_time
}

/// The nodes whose renewal lags too far behind the newest of all.
#[derive(Debug, PartialEq)]
struct Lagging(BTreeSet<Text>);

impl Digest for Lagging {
    fn of(cluster: &Cluster<'_>, _: &str) -> Self {
        let renewals: Vec<(&Text, Timestamp)> = cluster
            .in_namespace::<Lease>(NODE_LEASES)
            .filter_map(|lease| Some((&lease.metadata.name, lease.spec.renew_time?)))
            .collect();
        let Some(newest) = renewals.iter().map(|(_, renewed)| *renewed).max() else {
            return Self(BTreeSet::new());
        };
        let most = most_lag(cluster);
        let lags = |renewed: Timestamp| newest.duration_since(renewed).as_secs() > most;
        Self(
            renewals
                .into_iter()
                .filter(|(_, renewed)| lags(*renewed))
                .map(|(name, _)| name.clone())
                .collect(),
        )
    }
}

/// The node's renewal and the newest of all, where the one lags too far behind the other.
pub(super) fn lagging_lease(cluster: &Cluster<'_>, node: &Node) -> Option<(Timestamp, Timestamp)> {
    let own = lease_of(cluster, node)?;
    if !cluster.digest::<Lagging>().0.contains(&node.metadata.name) {
        return None;
    }
    let newest = cluster
        .in_namespace::<Lease>(NODE_LEASES)
        .filter_map(|lease| lease.spec.renew_time)
        .max()?;
    (newest.duration_since(own).as_secs() > most_lag(cluster)).then_some((own, newest))
}

/// Seconds by which a lease may lag behind the newest one: how long a node may be silent, and some slack.
fn most_lag(cluster: &Cluster<'_>) -> i64 {
    let slack = cluster.thresholds_in("").lease_slack;
    cluster.thresholds_in("").node_grace.saturating_add(slack)
}

fn silent_kubelet<'a>(node: &'a Node, cluster: &Cluster<'a>, ready: &Condition) -> Sighting {
    let own = node.reference();
    let heard = ready
        .last_heartbeat_time
        .map_or_else(String::new, |at| format!(" since {at}"));
    let why = if ready.reason == "NodeStatusNeverUpdated" {
        "its kubelet never posted a status".to_owned()
    } else {
        format!("its kubelet stopped posting node status{heard}")
    };
    let lease = lease_of(cluster, node).map(|renewed| lease_evidence(node, renewed));
    let event = cluster.newest_event(node, &["NodeNotReady"]);
    let text = format!("Unknown, {}: {}", ready.reason, safe_text(&ready.message));
    let held = held_pods(cluster, node);
    let sighting = Sighting::of(
        own.clone(),
        format!("{own} is unreachable: {why}"),
        format!(
            "Ready is Unknown ({}), so nothing is known of what runs there. {}{}",
            ready.reason,
            pods_there(cluster, node),
            held_names(&held)
        ),
    )
    .since(ready.last_transition_time)
    .evidence(
        Evidence::message(own, "status.conditions[Ready]", &text).at(ready.last_transition_time),
    )
    .all_evidence(lease)
    .all_evidence(event.map(event_evidence))
    .suggest(describe(node))
    .suggest(Suggestion::advice(
        "Bring the machine or its network back, or restart its kubelet; replace it if it is gone",
    ))
    .all_evidence(held.first().map(|pod| {
        let due = pod.metadata.deletion_timestamp;
        let text = due.map_or_else(String::new, |due| due.to_string());
        Evidence::field(pod.reference(), "metadata.deletionTimestamp", text).at(due)
    }));
    let sighting = blaming_the_kernel(sighting, node, ready);
    let sighting = with_volumes(sighting, cluster, node, !held.is_empty());
    shared_by_zone(sighting, node)
}

/// Pods of StatefulSets that are to go from a node that cannot say that they have gone.
fn held_pods<'a>(cluster: &Cluster<'a>, node: &Node) -> Vec<&'a Pod> {
    cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| pod.metadata.is_terminating())
        .filter(|pod| {
            let owner = pod.metadata.controller();
            owner.is_some_and(|owner| owner.kind == "StatefulSet")
        })
        .collect()
}

/// Most pods that are named.
const MOST_NAMES: usize = 3;

fn held_names(held: &[&Pod]) -> String {
    if held.is_empty() {
        return String::new();
    }
    let names = held
        .iter()
        .map(|pod| format!("{}/{}", pod.metadata.namespace, pod.metadata.name));
    format!(
        " Nothing replaces {} of a StatefulSet ({}): a name is given anew only when its pod is gone, and only the kubelet there can say so.",
        counted(held.len(), "pod"),
        some_of(names, MOST_NAMES)
    )
}

fn stale_lease<'a>(
    node: &'a Node,
    cluster: &Cluster<'a>,
    renewed: Timestamp,
    newest: Timestamp,
) -> Sighting {
    let own = node.reference();
    let lag = newest.duration_since(renewed).as_secs();
    let severity = if lag > LEASE_DEAD {
        Severity::Critical
    } else {
        Severity::Warning
    };
    Sighting::of(
        own.clone(),
        format!("{own} is unreachable: its lease was not renewed for {lag} s"),
        format!(
            "Other nodes renewed theirs; Ready still says True because nobody has noticed yet. {}",
            pods_there(cluster, node)
        ),
    )
    .identified_by("fact", "lease")
    .severity(severity)
    .confidence(0.90)
    .since(Some(renewed))
    .evidence(lease_evidence(node, renewed))
    .evidence(Evidence::field(
        own,
        "newest renewTime of the other nodes",
        newest,
    ))
    .suggest(describe(node))
}

fn never_reported<'a>(node: &'a Node, cluster: &Cluster<'a>) -> Sighting {
    let own = node.reference();
    Sighting::of(
        own.clone(),
        format!("{own} never reported: it has no Ready condition"),
        format!(
            "No kubelet has posted a status for it. {}",
            pods_there(cluster, node)
        ),
    )
    .identified_by("fact", "no condition")
    .since(node.metadata.creation_timestamp)
    .evidence(Evidence::field(own, "status.conditions[Ready]", "not set"))
    .suggest(describe(node))
}

pub(super) fn lease_evidence(node: &Node, renewed: Timestamp) -> Evidence {
    let lease = crate::model::ObjectRef::namespaced(
        "coordination.k8s.io/v1",
        "Lease",
        NODE_LEASES,
        &node.metadata.name,
    );
    Evidence::field(lease, "spec.renewTime", renewed).at(Some(renewed))
}
