use super::broken_node::nodes_that_are_down;
use super::owned_pods::OF_THE_WORKLOAD;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;
use crate::kubernetes::{Pod, Service};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// A workload that is short of pods, or a Service without any, is explained by a node that is down
/// and holds them: such pods show nothing themselves, for their kubelet does not speak.
pub(super) fn edges(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let down = nodes_that_are_down(index);
    if down.is_empty() {
        return Vec::new();
    }
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        let lost = missing_pods(cluster, seen.code(), &seen.sighting.subject);
        for (node, cause) in &down {
            if *cause != effect && lost.iter().any(|pod| *pod.node_name == **node) {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.96,
                    relation: "runs on",
                });
            }
        }
    }
    edges
}

/// The pods that do not serve of what a symptom is about.
pub(in crate::diagnosis) fn missing_pods<'a>(
    cluster: &Cluster<'a>,
    code: &str,
    subject: &ObjectRef,
) -> Vec<&'a Pod> {
    let pods = if OF_THE_WORKLOAD.contains(&code) {
        cluster
            .workload(subject)
            .map(|workload| cluster.pods_of(&workload))
    } else if code == "NET001" {
        cluster
            .get::<Service>(
                subject.namespace.as_deref().unwrap_or_default(),
                &subject.name,
            )
            .map(|service| cluster.pods_behind(service))
    } else {
        None
    };
    let mut pods = pods.unwrap_or_default();
    pods.retain(|pod| !pod.is_finished() && (!pod.is_ready() || pod.metadata.is_terminating()));
    pods
}
