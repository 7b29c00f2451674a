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
