//! Pods without a node: a failure only where it is proven that no room comes.

use kubelens_core::model::CoverageState;
use kubelens_core::settling::Outcome;

use crate::world::{World, all, at, deployment, follow, revision, web};

fn too_big() -> World {
    let pending = |name: &str| {
        format!(
            r#"apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
  uid: {name}
  labels: {{app: web}}
  creationTimestamp: "{created}"
  ownerReferences: [{{controller: true, kind: ReplicaSet, apiVersion: apps/v1, name: web-r2, uid: rs2}}]
spec: {{containers: [{{name: web, resources: {{requests: {{cpu: "64"}}}}}}]}}
status:
  phase: Pending
  conditions:
  - {{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.", lastTransitionTime: "{created}"}}"#,
            created = at(0)
        )
    };
    all(&[
        web(1, 1, 2, 2, 0),
        revision(2, 2),
        pending("web-a"),
        pending("web-b"),
    ])
}

const AUTOSCALER: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: cluster-autoscaler, namespace: kube-system, uid: ca}
spec: {replicas: 1, selector: {matchLabels: {app: ca}}}
status: {replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1}"#;

const DECLINED: &str = r#"apiVersion: v1
kind: Event
metadata: {name: e1, namespace: shop}
involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-a, uid: web-a}
reason: NotTriggerScaleUp
message: "pod didn't trigger scale-up: 1 max node group size reached"
lastTimestamp: "2026-03-01T12:01:00Z"
type: Normal
source: {component: cluster-autoscaler}"#;

fn end(world: World) -> (Outcome, String) {
    let (verdict, _) = follow(|_| world.clone(), &deployment("web"), (0, 10, 400));
    (verdict.outcome, verdict.targets[0].reason.clone())
}

#[test]
fn nothing_here_adds_nodes_so_it_fails() {
    let (outcome, reason) = end(too_big());
    assert_eq!(outcome, Outcome::Failed, "{reason}");
}

#[test]
fn an_autoscaler_may_still_add_one() {
    let (outcome, reason) = end(too_big().and(AUTOSCALER));
    assert_eq!(outcome, Outcome::Progressing, "{reason}");
}

#[test]
fn an_autoscaler_that_declined_is_the_proof() {
    let (outcome, reason) = end(too_big().and(AUTOSCALER).and(DECLINED));
    assert_eq!(outcome, Outcome::Failed, "{reason}");
}

#[test]
fn where_the_system_namespace_was_not_read_there_is_no_proof() {
    for world in [
        too_big().only_in("shop"),
        too_big().gap("CustomResourceDefinition", CoverageState::Forbidden),
        too_big().gap("Node", CoverageState::Forbidden),
    ] {
        let (outcome, reason) = end(world);
        assert_eq!(outcome, Outcome::Progressing, "{reason}");
    }
}

#[test]
fn a_node_that_is_named_and_missing_is_no_matter_of_room() {
    let pending = format!(
        r#"apiVersion: v1
kind: Pod
metadata: {{name: solo, namespace: shop, uid: solo, creationTimestamp: "{created}"}}
spec: {{nodeSelector: {{kubernetes.io/hostname: n9}}, containers: [{{name: web}}]}}
status:
  phase: Pending
  conditions:
  - {{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", lastTransitionTime: "{created}"}}"#,
        created = at(0)
    );
    let world = World::with(&pending).and(AUTOSCALER);
    let solo = kubelens_core::model::ObjectRef::namespaced("v1", "Pod", "shop", "solo");
    let (verdict, _) = follow(|_| world.clone(), &solo, (0, 10, 400));
    assert_eq!(
        verdict.outcome,
        Outcome::Failed,
        "{}",
        verdict.targets[0].reason
    );
}
