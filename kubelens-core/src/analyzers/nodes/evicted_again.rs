//! Pods that bear a NoExecute taint for a while only, and may run nowhere else: evicted for ever.

use std::collections::BTreeSet;

use crate::analysis::{Sighting, event_evidence};
use crate::analyzers::scheduling::fit::is_by_state;
use crate::kubernetes::{Event, Node, Object, Pod, Taint};
use crate::model::{Evidence, Severity, Suggestion, counted, some_of};
use crate::snapshot::Cluster;

/// How the controller that evicts for taints names what it does.
const EVICTION: &str = "TaintManagerEviction";

/// Seconds for which an eviction counts.
const WINDOW: i64 = 3600;

/// Evictions of pods of one owner from which they are no maintenance that passes.
const MANY: usize = 3;

/// What is to be said of the owners of pods on this node that its taints evict again and again; each once.
pub(super) fn evicted_again<'a>(cluster: &Cluster<'a>, node: &'a Node) -> Vec<Sighting> {
    let mut told = BTreeSet::new();
    node.spec
        .taints
        .iter()
        .filter(|taint| taint.effect == "NoExecute" && !is_by_state(taint))
        .flat_map(|taint| {
            let pods = cluster.pods_on(&node.metadata.name);
            pods.map(move |pod| (taint, pod))
        })
        .filter(|(_, pod)| pod.is_live() && !pod.metadata.generate_name.is_empty())
        .filter_map(|(taint, pod)| Some((taint, pod, seconds_borne(pod, taint)?)))
        .filter(|(_, pod, _)| told.insert(cluster.top_of(pod).key()))
        .filter_map(|(taint, pod, seconds)| sighting(cluster, node, taint, pod, seconds))
        .collect()
}

/// How long a pod bears a taint, where it bears it for a while only: the shortest of the tolerations counts.
fn seconds_borne(pod: &Pod, taint: &Taint) -> Option<i64> {
    let tolerations = pod.spec.tolerations.iter();
    tolerations
        .filter(|toleration| toleration.tolerates(taint))
        .filter_map(|toleration| toleration.toleration_seconds)
        .min()
}

/// Whether every node that the pod may use has the taint: there is no place where it could stay.
fn is_everywhere(cluster: &Cluster<'_>, pod: &Pod, taint: &Taint) -> bool {
    cluster
        .nodes_but_heartbeats()
        .filter(|node| pod.spec.selects_node(node))
        .filter(|node| pod.spec.untolerated_taints(node).is_empty())
        .all(|node| {
            let mut taints = node.spec.taints.iter();
            taints.any(|known| known.key == taint.key && known.effect == taint.effect)
        })
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    node: &Node,
    taint: &Taint,
    pod: &'a Pod,
    seconds: i64,
) -> Option<Sighting> {
    let meta = &pod.metadata;
    let evictions: Vec<&Event> = cluster
        .events_with_reason(EVICTION)
        .filter(|event| {
            let about = &event.involved_object;
            about.namespace == meta.namespace && about.name.starts_with(&*meta.generate_name)
        })
        .filter(|event| cluster.is_within(event.last_seen(), WINDOW))
        .collect();
    let pods: BTreeSet<&str> = evictions
        .iter()
        .map(|event| event.involved_object.name.as_str())
        .collect();
    if pods.len() < MANY || !is_everywhere(cluster, pod, taint) {
        return None;
    }
    let newest = evictions.iter().max_by_key(|event| event.last_seen())?;
    let oldest = evictions
        .iter()
        .filter_map(|event| event.first_seen())
        .min();
    let top = cluster.top_of(pod);
    let nodes = cluster
        .nodes_but_heartbeats()
        .filter(|node| pod.spec.selects_node(node))
        .map(|node| node.metadata.name.as_str());
    Some(
        Sighting::of(
            top.clone(),
            format!("Pods of {top} are evicted again and again: they bear the taint {taint} for {seconds} s, and every node that they may use has it"),
            format!(
                "{} were evicted within the hour. A pod goes when its tolerationSeconds are over, and the next one starts on a node with the same taint ({}).",
                counted(pods.len(), "pod"),
                some_of(nodes, 4)
            ),
        )
        .severity(Severity::Warning)
        .confidence(0.9)
        .identified_by("taint", taint.key.as_str())
        .since(oldest)
        .seen_on(pod.reference(), "template of")
        .evidence(Evidence::field(
            pod.reference(),
            &format!("spec.tolerations[{}].tolerationSeconds", taint.key),
            seconds,
        ))
        .evidence(
            Evidence::field(node.reference(), "spec.taints", taint).at(taint.time_added),
        )
        .evidence(event_evidence(newest))
        .suggest(Suggestion::advice(format!(
            "Take the taint {} off when the maintenance is over, let {top} use nodes without it, or let it bear the taint without tolerationSeconds",
            taint.key
        ))),
    )
}
