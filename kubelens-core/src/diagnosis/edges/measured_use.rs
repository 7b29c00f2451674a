use std::collections::{BTreeMap, BTreeSet};

use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Key, Seen};
use crate::kubernetes::HorizontalPodAutoscaler;
use crate::model::{ObjectRef, Severity};
use crate::snapshot::Cluster;

/// Codes that tell what one sample of the metrics shows. A container near its limit may be well: such a
/// fact explains only what this file says.
const MEASURED: [&str; 4] = ["SCA040", "SCA042", "SCA043", "NOD016"];

/// What a container shows that gets too little CPU: it answers late, or is up late.
const SLOW: [&str; 5] = ["WRK019", "WRK020", "WRK021", "WRK022", "WRK025"];

/// The one of them that says by itself that time was short.
const TIMES_OUT: &str = "WRK025";

/// Whether a measured fact is one of the two ends.
pub(super) fn is_part(index: &Index<'_>, edge: &Edge) -> bool {
    [edge.cause, edge.effect]
        .into_iter()
        .filter_map(|at| index.get(at))
        .any(|seen| MEASURED.contains(&seen.code()))
}

/// Slow answers are explained by the container's own throttling, else by a node without CPU to spare; memory
/// near its limit by the end that it led to; a node that uses much memory by the shortage that it tells of; pods
/// with more work than CPU by the autoscaler that may not add to them.
pub(super) fn edges(index: &Index<'_>, known: &[Edge], cluster: &Cluster<'_>) -> Vec<Edge> {
    let explained: BTreeSet<usize> = known.iter().map(|edge| edge.effect).collect();
    let held = held_down(index, cluster);
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        let is_open = seen.code() == TIMES_OUT || !explained.contains(&effect);
        let found = match seen.code() {
            code if SLOW.contains(&code) && is_open => slow(index, seen),
            "SCA040" => {
                on_the_container(index, seen, "WRK003").map(|at| (at, 0.9, "same container"))
            }
            "SCA042" => seen
                .top
                .as_ref()
                .and_then(|top| held.get(&top.key()))
                .map(|at| (*at, 0.8, "adds no pods to")),
            "NOD016" => shortage(index, seen).map(|at| (at, 0.9, "same node")),
            _ => None,
        };
        if let Some((cause, confidence, relation)) = found {
            edges.push(Edge {
                effect,
                cause,
                confidence,
                relation,
            });
        }
    }
    edges
}

fn slow(index: &Index<'_>, seen: &Seen<'_>) -> Option<(usize, f64, &'static str)> {
    if let Some(throttled) = on_the_container(index, seen, "SCA042") {
        return Some((throttled, 0.7, "throttled"));
    }
    let node = seen.pod?.node_name.non_empty()?;
    let key = ("Node".to_owned(), String::new(), node.to_owned());
    let busy = index.shown_by(&key).iter().copied().find(|at| {
        index
            .get(*at)
            .is_some_and(|node| node.code() == "NOD016" && resource(node) == Some("cpu"))
    });
    busy.map(|node| (node, 0.7, "runs on"))
}

/// Says that an autoscaler wants more replicas than it may make.
pub(in crate::diagnosis) const AT_MAXIMUM: &str = "SCA006";

/// What the autoscaler that a sighting is about scales.
pub(in crate::diagnosis) fn scaled_by(
    cluster: &Cluster<'_>,
    autoscaler: &ObjectRef,
) -> Option<Key> {
    let namespace = autoscaler.namespace.as_deref().unwrap_or_default();
    let autoscaler = cluster.get::<HorizontalPodAutoscaler>(namespace, &autoscaler.name)?;
    let target = &autoscaler.spec.scale_target_ref;
    Some((
        target.kind.to_string(),
        namespace.to_owned(),
        target.name.to_string(),
    ))
}

/// What has autoscalers that want more pods of it and may not make them, and the first sighting that says so.
fn held_down(index: &Index<'_>, cluster: &Cluster<'_>) -> BTreeMap<Key, usize> {
    let mut held = BTreeMap::new();
    for (at, seen) in index.seen.iter().enumerate() {
        if seen.code() == AT_MAXIMUM
            && seen.severity() > Severity::Info
            && let Some(scaled) = scaled_by(cluster, &seen.sighting.subject)
        {
            held.entry(scaled).or_insert(at);
        }
    }
    held
}

/// What a rule says of the container that a sighting is about, in the same pod; notes explain nothing.
fn on_the_container(index: &Index<'_>, seen: &Seen<'_>, code: &str) -> Option<usize> {
    let container = seen.sighting.container.as_ref()?;
    let same = |other: &Seen<'_>| {
        other.code() == code
            && other.sighting.container.as_ref() == Some(container)
            && other.severity() > Severity::Info
    };
    let shown = index.shown_by(&seen.sighting.seen_on.key()).iter().copied();
    shown
        .into_iter()
        .find(|at| index.get(*at).is_some_and(same))
}

fn shortage(index: &Index<'_>, seen: &Seen<'_>) -> Option<usize> {
    let of_memory = resource(seen) == Some("memory");
    let mut shown = index.shown_by(&seen.sighting.seen_on.key()).iter().copied();
    shown.find(|at| {
        let is_short = |other: &Seen<'_>| matches!(other.code(), "NOD003" | "NOD013");
        of_memory && index.get(*at).is_some_and(is_short)
    })
}

fn resource<'s>(seen: &'s Seen<'_>) -> Option<&'s str> {
    let identity = seen.sighting.identity.iter();
    let mut of_resource = identity.filter(|(what, _)| *what == "resource");
    of_resource.next().map(|(_, resource)| resource.as_str())
}
