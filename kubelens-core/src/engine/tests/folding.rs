use crate::engine::{Options, diagnose};
use crate::kubernetes::{Batch, Kind};
use crate::model::{ClusterInfo, Scope};
use crate::snapshot::SnapshotBuilder;
use crate::snapshot::example::picture;

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

#[test]
fn a_symptom_that_nothing_explains_says_so_and_where_the_cause_may_hide() {
    let text = r#"
# now: 2026-01-01T12:00:00Z
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T08:00:00Z"}
spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}
status: {replicas: 1, readyReplicas: 0}
---
apiVersion: v1
kind: Pod
metadata: {name: web-a, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T08:00:00Z", labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r1, controller: true}]}
spec: {nodeName: n1, containers: [{name: web, image: "web:1"}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T09:00:00Z"}]
  containerStatuses: [{name: web, ready: false, imageID: x, state: {running: {startedAt: "2026-01-01T08:01:00Z"}}}]
"#;
    let said = |header: &str| {
        let report = diagnose(&picture(&format!("{header}{text}")), &Options::default());
        report.causes[0].explanation.clone()
    };
    let alone = said("");
    assert!(alone.ends_with("What causes it is not seen."), "{alone}");
    let hidden = said("# forbidden: Secret, Event\n");
    assert!(
        hidden.ends_with("is not seen; it may lie in what could not be read: Event, Secret."),
        "{hidden}"
    );
}
