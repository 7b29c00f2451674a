use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;

/// A cordon that keeps pods from running is told once: by the pods that wait (SCH013), with every node
/// that they wait for, not once more by each of these nodes (NOD008).
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let blocking: Vec<usize> = (0..index.seen.len())
        .filter(|at| index.get(*at).is_some_and(|seen| seen.code() == "SCH013"))
        .collect();
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        if seen.code() != "NOD008" {
            continue;
        }
        for cause in &blocking {
            let names_it = index.get(*cause).is_some_and(|waiting| {
                waiting.sighting.evidence.iter().any(|proof| {
                    proof.path.as_deref() == Some("spec.unschedulable")
                        && proof.object.is_same(&seen.sighting.subject)
                })
            });
            if names_it {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.97,
                    relation: "cordoned",
                });
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use crate::engine::{Options, diagnose};
    use crate::kubernetes::{Batch, Kind};
    use crate::model::{ClusterInfo, Scope};
    use crate::snapshot::SnapshotBuilder;

    #[test]
    fn nodes_that_pods_wait_for_are_one_cause() {
        let mut batch = Batch::default();
        for name in ["n1", "n2", "n3"] {
            let node = format!(
                "metadata: {{name: {name}, uid: {name}, creationTimestamp: '2026-01-01T00:00:00Z'}}
spec:
  unschedulable: true
  taints: [{{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: '2026-01-01T11:00:00Z'}}]
status: {{conditions: [{{type: Ready, status: 'True'}}]}}"
            );
            batch.push_yaml(Kind::Node, &node).expect("a node");
        }
        let pod = "metadata: {name: web, namespace: shop, uid: p1, creationTimestamp: '2026-01-01T11:30:00Z'}
spec: {containers: [{name: web}]}
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/3 nodes are available: 3 node(s) were unschedulable.'}]";
        batch.push_yaml(Kind::Pod, pod).expect("a pod");
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
        builder.absorb(batch);
        let now = "2026-01-01T12:00:00Z".parse().expect("a time");
        let report = diagnose(&builder.build_live(now), &Options::default());
        let loud: Vec<&str> = report
            .causes
            .iter()
            .filter(|cause| cause.severity > crate::model::Severity::Info)
            .map(|cause| cause.code.as_str())
            .collect();
        assert_eq!(loud, ["SCH013"]);
    }
}
