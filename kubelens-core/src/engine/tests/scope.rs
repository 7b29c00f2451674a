//! What a run says of things that lie in no namespace, when only some namespaces were asked for.

use crate::engine::{Options, diagnose};
use crate::snapshot::example::picture;

/// A node and a volume for each of two namespaces, all broken.
const HALVES: &str = r#"
# now: 2026-01-01T12:00:00Z
apiVersion: v1
kind: Node
metadata: {name: node-of-shop, uid: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "False", reason: KubeletNotReady, message: node is shutting down, lastTransitionTime: "2026-01-01T11:50:00Z"}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-of-bank, uid: n2, creationTimestamp: "2025-12-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "False", reason: KubeletNotReady, message: node is shutting down, lastTransitionTime: "2026-01-01T11:50:00Z"}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-of-the-past, uid: n3, creationTimestamp: "2025-12-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "False", reason: KubeletNotReady, message: node is shutting down, lastTransitionTime: "2026-01-01T11:50:00Z"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: p1, creationTimestamp: "2025-12-01T00:00:00Z"}
spec: {nodeName: node-of-shop, containers: [{name: web}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: teller, namespace: bank, uid: p2, creationTimestamp: "2025-12-01T00:00:00Z"}
spec: {nodeName: node-of-bank, containers: [{name: teller}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: once, namespace: shop, uid: p3, creationTimestamp: "2025-12-01T00:00:00Z"}
spec: {nodeName: node-of-the-past, containers: [{name: once}]}
status: {phase: Succeeded}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: volume-of-shop, uid: v1}
spec: {persistentVolumeReclaimPolicy: Delete, claimRef: {namespace: shop, name: data}}
status: {phase: Failed, message: disk is in use}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: volume-of-bank, uid: v2}
spec: {persistentVolumeReclaimPolicy: Delete, claimRef: {namespace: bank, name: data}}
status: {phase: Failed, message: disk is in use}
"#;

/// The nodes and volumes that are causes, by name.
fn named(header: &str) -> Vec<String> {
    let report = diagnose(&picture(&format!("{header}{HALVES}")), &Options::default());
    let subjects = report.causes.into_iter().map(|cause| cause.subject);
    let mut names: Vec<String> = subjects
        .filter(|subject| subject.namespace.is_none())
        .map(|subject| subject.name)
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn nodes_and_volumes_of_others_are_left_out() {
    assert_eq!(
        named(""),
        [
            "node-of-bank",
            "node-of-shop",
            "node-of-the-past",
            "volume-of-bank",
            "volume-of-shop"
        ]
    );
    assert_eq!(
        named("# namespaces: shop\n"),
        ["node-of-shop", "volume-of-shop"]
    );
    assert_eq!(
        named("# namespaces: bank\n"),
        ["node-of-bank", "volume-of-bank"]
    );
}
