//! What changed shortly before the first symptom is told with the cause.

use crate::engine::{Options, diagnose};
use crate::model::EvidenceKind;
use crate::snapshot::example::picture;

/// A Deployment from eight o'clock whose pod crashes since 11:50, and a ConfigMap it reads, written at `written`.
fn changes(made: &str, written: &str) -> Vec<String> {
    let text = format!(
        r#"# now: 2026-01-01T12:00:00Z
# listed: ConfigMap
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T08:00:00Z"}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: "web:1", envFrom: [{{configMapRef: {{name: web-config}}}}]}}]}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-1, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T08:00:00Z", ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}}]}}
spec: {{replicas: 1}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: web-config, namespace: shop, uid: c1, creationTimestamp: "{made}", managedFields: [{{manager: helm, operation: Update, time: "{written}"}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1-a, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T08:00:01Z", labels: {{app: web}}, ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1, controller: true}}]}}
spec: {{nodeName: n1, containers: [{{name: web, image: "web:1", envFrom: [{{configMapRef: {{name: web-config}}}}]}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:50:00Z"}}]
  containerStatuses: [{{name: web, restartCount: 6, state: {{waiting: {{reason: CrashLoopBackOff, message: back-off 5m0s}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, startedAt: "2026-01-01T11:50:00Z", finishedAt: "2026-01-01T11:50:02Z"}}}}}}]
"#
    );
    let report = diagnose(&picture(&text), &Options::default());
    assert_eq!(report.causes.len(), 1, "{:?}", report.causes);
    report.causes[0]
        .evidence
        .iter()
        .filter(|item| item.kind == EvidenceKind::Change)
        .map(|item| {
            format!(
                "{}: {}",
                item.object,
                item.text.as_deref().unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn a_config_map_that_changed_just_before_is_named() {
    assert_eq!(
        changes("2026-01-01T08:00:00Z", "2026-01-01T11:46:00Z"),
        ["ConfigMap shop/web-config: changed 4m before the first symptom"]
    );
}

#[test]
fn what_came_later_than_the_workload_was_created_then() {
    assert_eq!(
        changes("2026-01-01T11:46:00Z", "2026-01-01T11:46:00Z"),
        ["ConfigMap shop/web-config: created 4m before the first symptom"]
    );
}

#[test]
fn what_changed_long_before_or_after_or_came_with_the_workload_is_no_change() {
    let none = Vec::<String>::new();
    assert_eq!(
        changes("2026-01-01T08:00:00Z", "2026-01-01T11:30:00Z"),
        none
    );
    assert_eq!(
        changes("2026-01-01T08:00:00Z", "2026-01-01T11:55:00Z"),
        none
    );
    assert_eq!(
        changes("2026-01-01T08:00:00Z", "2026-01-01T08:00:00Z"),
        none
    );
}
