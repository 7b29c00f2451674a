use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;
use crate::diagnosis::specificity::specificity;

/// A Job that was failed by its own rule.
const BY_RULE: &str = "JOB003";

/// From here on, a code only says that a container ended badly, and with which words.
const ONLY_THE_END: u8 = 9;

/// What the rule counts is how containers end: that one ended so is no second fault. What tells why it
/// ended is the fault behind the rule.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (job, seen) in index.seen.iter().enumerate() {
        if seen.code() != BY_RULE {
            continue;
        }
        for pod in index.on_pods_of(&seen.sighting.subject.key()) {
            let Some(shown) = index.get(*pod) else {
                continue;
            };
            let tells_only_the_end = specificity(shown.code()) >= ONLY_THE_END
                || matches!(shown.code(), "WRK110" | "WRK124");
            let (effect, cause) = if tells_only_the_end {
                (*pod, job)
            } else {
                (job, *pod)
            };
            edges.push(Edge {
                effect,
                cause,
                confidence: 0.95,
                relation: "owns",
            });
        }
    }
    edges
}
