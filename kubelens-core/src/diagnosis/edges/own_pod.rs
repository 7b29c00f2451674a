use crate::analysis::Role;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::diagnosis::specificity::specificity;
use crate::kubernetes::Pod;
use crate::model::Severity;

/// Conditions in which a container does not reach whom it calls.
const CALLS: [&str; 2] = ["WRK101", "WRK103"];

/// A container that calls its own pod in vain calls another container of it: a proxy or an agent beside it. What keeps
/// that one down is the reason.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        if !CALLS.contains(&seen.code()) || !calls_its_own_pod(seen) {
            continue;
        }
        let beside = index.shown_by(&seen.sighting.seen_on.key()).iter().copied();
        let cause = beside
            .filter(|at| index.get(*at).is_some_and(|other| keeps_down(other, seen)))
            .min_by_key(|at| (index.get(*at).map(|other| specificity(other.code())), *at));
        if let Some(cause) = cause {
            edges.push(Edge {
                effect,
                cause,
                confidence: 0.9,
                relation: "same pod",
            });
        }
    }
    edges
}

/// Whether the host that a sighting names is the pod itself.
fn calls_its_own_pod(seen: &Seen<'_>) -> bool {
    let own = ("host", "localhost".to_owned());
    seen.sighting.identity.contains(&own)
}

/// Whether a sighting tells of another container of the pod, which is down.
fn keeps_down(other: &Seen<'_>, caller: &Seen<'_>) -> bool {
    let (Some(pod), Some(name)) = (caller.pod, other.sighting.container.as_deref()) else {
        return false;
    };
    other.analyzer.role != Role::Symptom
        && other.severity() > Severity::Info
        && caller.sighting.container.as_deref() != Some(name)
        && !calls_its_own_pod(other)
        && is_down(pod, name)
}

/// Whether a container of the pod does not run, or runs and is not ready.
fn is_down(pod: &Pod, container: &str) -> bool {
    let mut containers = pod.containers();
    containers.any(|known| known.name() == container && !(known.is_running() && known.is_ready()))
}
