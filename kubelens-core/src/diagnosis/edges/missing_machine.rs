use jiff::Timestamp;

use super::lost_with_node::missing_pods;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::kubernetes::Pod;
use crate::model::{ObjectRef, Severity, has_word};
use crate::snapshot::Cluster;

/// A machine or a pool of machines does not come.
pub(in crate::diagnosis) const MACHINE: &str = "OPS090";

/// A pod that the nodes have no room for.
const LACKS_ROOM: [&str; 2] = ["SCH001", "SCH002"];

/// When a machine was asked for that Karpenter makes for pods that wait: its claims are made for nothing else.
fn made_for_pods(machine: &Seen<'_>, cluster: &Cluster<'_>) -> Option<Timestamp> {
    let claim = &machine.sighting.subject;
    if claim.kind != "NodeClaim" {
        return None;
    }
    let mut all = cluster.customs("karpenter.sh", "NodeClaim");
    let own = all.find(|own| own.metadata.name == *claim.name)?;
    own.metadata.creation_timestamp
}

/// A pod that finds no room, while the machine or the pool that is to make room for it does not come: the
/// node autoscaler's event about the pod names that.
pub(super) fn edges(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let machines: Vec<(usize, &Seen<'_>, Option<Timestamp>)> = index
        .seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.code() == MACHINE && seen.severity() > Severity::Info)
        .map(|(at, seen)| (at, seen, made_for_pods(seen, cluster)))
        .collect();
    let mut edges = Vec::new();
    if machines.is_empty() {
        return edges;
    }
    for (effect, seen) in index.seen.iter().enumerate() {
        // A workload that is short of pods is told of by those that find no room, be that only a note about them.
        let pods = match seen.pod {
            Some(pod) if seen.code().starts_with("SCH") => vec![pod],
            _ => missing_pods(cluster, seen.code(), &seen.sighting.subject),
        };
        for (cause, machine, made_at) in &machines {
            let lacks_room = LACKS_ROOM.contains(&seen.code());
            let mut pods = pods.iter().filter(|pod| pod.node_name.is_empty());
            let is_waited_for = pods.any(|pod| {
                let waited_before = pod.metadata.creation_timestamp <= *made_at;
                made_at.is_some() && waited_before && lacks_room
                    || is_named(cluster, pod, &machine.sighting.subject)
            });
            if is_waited_for {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.98,
                    relation: "makes room for",
                });
            }
        }
    }
    edges
}

/// Whether an event about a pod names a machine or a pool. Karpenter names no pool where none is ready;
/// cluster-autoscaler names no group that it leaves alone.
fn is_named(cluster: &Cluster<'_>, pod: &Pod, machine: &ObjectRef) -> bool {
    cluster
        .events_about("Pod", &pod.metadata.namespace, &pod.metadata.name, "")
        .any(|event| {
            let says = |words: &str| event.message.contains(words);
            has_word(&event.message, &machine.name)
                || says("no nodepools found") && machine.kind == "NodePool"
                || says("in backoff after failed scale-up") && machine.kind == "ConfigMap"
        })
}
