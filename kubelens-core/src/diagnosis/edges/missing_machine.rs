use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::model::Severity;
use crate::snapshot::Cluster;

/// A machine or a pool of machines does not come.
pub(in crate::diagnosis) const MACHINE: &str = "OPS090";

/// A pod that finds no room, while the machine or the pool that is to make room for it does not come: the
/// node autoscaler's event about the pod names that.
pub(super) fn edges(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let machines: Vec<(usize, &Seen<'_>)> = index
        .seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.code() == MACHINE && seen.severity() > Severity::Info)
        .collect();
    let mut edges = Vec::new();
    if machines.is_empty() {
        return edges;
    }
    for (effect, seen) in index.seen.iter().enumerate() {
        let Some(pod) = seen.pod.filter(|_| seen.code().starts_with("SCH")) else {
            continue;
        };
        for (cause, machine) in &machines {
            let name = machine.sighting.subject.name.as_str();
            // Karpenter names no pool where none is ready; cluster-autoscaler names no group that it leaves alone.
            let is_named = cluster
                .events_about("Pod", &pod.metadata.namespace, &pod.metadata.name, "")
                .any(|event| {
                    has_word(&event.message, name)
                        || event.message.contains("no nodepools found")
                            && machine.sighting.subject.kind == "NodePool"
                        || event.message.contains("in backoff after failed scale-up")
                            && machine.sighting.subject.kind == "ConfigMap"
                });
            if is_named {
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

fn has_word(text: &str, name: &str) -> bool {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-' || letter == '.'))
        .any(|word| word == name)
}
