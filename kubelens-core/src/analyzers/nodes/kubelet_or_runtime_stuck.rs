use std::collections::BTreeSet;

use super::node_problem_reported::blaming_the_kernel;
use super::state::{
    JOINING, NotReady, classify, describe, is_in_use, pods_there, ready, shared_by_zone,
};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::waiting::why_it_waits;
use crate::kubernetes::{Condition, Event, Node, Object, Pod};
use crate::model::{Evidence, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node's container runtime does not answer, or its kubelet cannot set itself up: containers are
    /// neither started nor ended there.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: KubeletNotReady, message: "[container runtime is down, PLEG is not healthy: pleg was last seen active 6m12s ago; threshold is 3m0s]", lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions: [{type: Ready, status: "True", reason: KubeletReady}]
    /// ```
    ///
    /// # How to fix
    /// Restart the container runtime (and the kubelet) on that machine; look at its disk and memory.
    ///
    /// # What it cannot know
    /// Why the runtime hangs.
    ///
    /// # Source
    /// Message of condition `Ready` of core/v1 Node; kubelet events KubeletSetupFailed,
    /// FailedNodeAllocatableEnforcement; `context deadline exceeded` of containers of several owners.
    NOD010 "kubelet-or-runtime-stuck" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod, Event],
        maps_to: [],
        check: Node(check),
    }
}

/// Owners whose containers must time out on a node until it is the node.
const OWNERS: usize = 3;

/// Events by which a kubelet says that it cannot set itself up.
const SETUP: [&str; 2] = ["KubeletSetupFailed", "FailedNodeAllocatableEnforcement"];

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !is_in_use(node) {
        return;
    }
    let is_young =
        node.metadata.creation_timestamp.is_some() && cluster.age(&node.metadata) < JOINING;
    let not_ready = ready(node).filter(|ready| {
        ready.is_false()
            && classify(&ready.message) == NotReady::Runtime
            && cluster.seconds_since(ready.last_transition_time)
                > cluster.thresholds(&node.metadata).node_grace
    });
    if let Some(ready) = not_ready.filter(|_| !is_young) {
        sink.report(by_condition(node, cluster, ready));
        return;
    }
    let timed_out = containers_that_time_out(cluster, node);
    let setup = cluster.current_event(node, &SETUP);
    if timed_out.len() >= OWNERS {
        sink.report(by_time_outs(node, &timed_out));
    } else if let Some(event) = setup {
        sink.report(by_setup(node, event));
    }
}

/// One pod of each owner whose containers the runtime does not make in time.
fn containers_that_time_out<'a>(cluster: &Cluster<'a>, node: &Node) -> Vec<&'a Pod> {
    let mut owners = BTreeSet::new();
    cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| !pod.is_ready() && pod.is_live())
        .filter(|pod| {
            pod.containers().any(|container| {
                container.waiting().is_some_and(|waiting| {
                    let is_refused = matches!(
                        waiting.reason.as_str(),
                        "CreateContainerError" | "RunContainerError"
                    );
                    let is_late = [
                        "context deadline exceeded",
                        "DeadlineExceeded",
                        "is reserved for",
                    ];
                    is_refused && is_late.iter().any(|words| waiting.message.contains(words))
                })
            })
        })
        .filter(|pod| owners.insert(cluster.top_of(pod).key()))
        .collect()
}

fn by_condition<'a>(node: &'a Node, cluster: &Cluster<'a>, ready: &Condition) -> Sighting {
    let own = node.reference();
    let message = safe_text(&ready.message);
    let sighting = Sighting::of(
        own.clone(),
        format!("{own} is not ready: its container runtime does not answer"),
        format!("Its kubelet says: {message}. {}", pods_there(cluster, node)),
    )
    .since(ready.last_transition_time)
    .evidence(
        Evidence::message(
            own,
            "status.conditions[Ready]",
            &format!("False, {}: {message}", ready.reason),
        )
        .at(ready.last_transition_time),
    )
    .all_evidence(
        cluster
            .newest_event(node, &["NodeNotReady"])
            .map(event_evidence),
    );
    let sighting = blaming_the_kernel(sighting, node, ready);
    shared_by_zone(advised(sighting, node), node)
}

fn by_time_outs(node: &Node, pods: &[&Pod]) -> Sighting {
    let own = node.reference();
    let sighting = Sighting::of(
        own.clone(),
        format!("{own} starts no containers: its container runtime does not answer in time"),
        format!(
            "Containers of {} workloads time out while they are made there.",
            pods.len()
        ),
    )
    .identified_by("fact", "time-outs")
    .confidence(0.88)
    .all_evidence(pods.iter().take(3).filter_map(|pod| {
        pod.containers()
            .find_map(|container| why_it_waits(pod, &container))
    }));
    advised(sighting, node)
}

fn by_setup(node: &Node, event: &Event) -> Sighting {
    let own = node.reference();
    let sighting = Sighting::of(
        own.clone(),
        format!(
            "The kubelet of {own} cannot set itself up ({})",
            event.reason
        ),
        format!("It says: {}.", safe_text(&event.message)),
    )
    .identified_by("fact", event.reason.as_str())
    .since(event.first_seen())
    .evidence(event_evidence(event));
    advised(sighting, node)
}

fn advised(sighting: Sighting, node: &Node) -> Sighting {
    sighting.suggest(describe(node)).suggest(Suggestion::advice(
        "Restart the container runtime and the kubelet on that machine, and look at its disk",
    ))
}
