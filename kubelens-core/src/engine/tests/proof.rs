//! How sure a cause is, and that one proof stands in it once.

use crate::engine::{Options, diagnose};
use crate::model::{Cause, EvidenceKind};
use crate::snapshot::example::picture;

/// The only cause of a code.
fn cause(code: &str, cluster: &str) -> Cause {
    let report = diagnose(&picture(cluster), &Options::default());
    let mut found = report.causes.into_iter().filter(|cause| cause.code == code);
    let cause = found.next().expect("the cause");
    assert!(found.next().is_none(), "{code} twice");
    cause
}

fn is_about(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9
}

#[test]
fn one_kind_of_proof_leaves_the_confidence_of_the_analyzer() {
    let failed = cause(
        "STO017",
        "
# now: 2026-01-01T12:00:00Z
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-1, uid: v1}
spec: {persistentVolumeReclaimPolicy: Delete}
status: {phase: Failed, message: disk is in use}
",
    );
    assert!(is_about(failed.confidence, 0.95), "{}", failed.confidence);
}

#[test]
fn a_further_kind_of_proof_raises_the_confidence() {
    let failed = cause(
        "STO017",
        "
# now: 2026-01-01T12:00:00Z
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-1, uid: v1}
spec: {persistentVolumeReclaimPolicy: Delete}
status: {phase: Failed, message: disk is in use}
---
apiVersion: v1
kind: Event
metadata: {name: e1, namespace: default, uid: e1}
type: Warning
reason: VolumeFailedDelete
message: disk is in use by node n1
involvedObject: {apiVersion: v1, kind: PersistentVolume, name: pv-1, uid: v1}
lastTimestamp: '2026-01-01T11:59:00Z'
",
    );
    let kinds: Vec<EvidenceKind> = failed.evidence.iter().map(|item| item.kind).collect();
    assert!(kinds.contains(&EvidenceKind::Event), "{kinds:?}");
    assert!(is_about(failed.confidence, 0.98), "{}", failed.confidence);
}

/// Three replicas of one Deployment that lack the same ConfigMap: the same field of each is one proof.
#[test]
fn what_many_pods_show_alike_is_told_once() {
    let pod = "
---
# repeat: 3
apiVersion: v1
kind: Pod
metadata: {name: web-$N, namespace: shop, uid: p$N, creationTimestamp: '2026-01-01T08:00:00Z', ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r1, controller: true}]}
spec: {nodeName: n1, containers: [{name: web, envFrom: [{configMapRef: {name: web-env}}]}]}
status:
  phase: Pending
  containerStatuses: [{name: web, state: {waiting: {reason: CreateContainerConfigError, message: 'configmap \"web-env\" not found'}}}]
";
    let missing = cause(
        "CFG001",
        &format!(
            "
# now: 2026-01-01T12:00:00Z
# listed: ConfigMap
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web, namespace: shop, uid: r1, creationTimestamp: '2026-01-01T08:00:00Z'}}
spec: {{replicas: 3, template: {{spec: {{containers: [{{name: web, envFrom: [{{configMapRef: {{name: web-env}}}}]}}]}}}}}}
status: {{replicas: 3}}
{pod}"
        ),
    );
    let mut told: Vec<String> = missing
        .evidence
        .iter()
        .map(|item| {
            format!(
                "{:?} {} {:?} {:?}",
                item.kind, item.object, item.path, item.text
            )
        })
        .collect();
    let all = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), all, "{told:?}");
    assert!(
        missing.explanation.contains("Seen on 3 pods of"),
        "{}",
        missing.explanation
    );
}
