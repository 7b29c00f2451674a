//! What a workload as a whole shows folds into what is wrong with its pods, or what refuses them.

use crate::engine::{Options, diagnose};
use crate::model::{EvidenceKind, Report, Severity};
use crate::snapshot::example::picture;

fn report(objects: &str) -> Report {
    let text = format!("# now: 2026-01-01T12:00:00Z\n{objects}");
    diagnose(&picture(&text), &Options::default())
}

/// The causes above info: code, subject, severity.
fn causes(report: &Report) -> Vec<(&str, String, Severity)> {
    report
        .causes
        .iter()
        .filter(|cause| cause.severity > Severity::Info)
        .map(|cause| {
            (
                cause.code.as_str(),
                cause.subject.to_string(),
                cause.severity,
            )
        })
        .collect()
}

/// A Deployment of two revisions; `old` and `new` are how many pods are ready and wanted of each.
fn deployment(ready: i64, stalled: bool) -> String {
    let progressing = if stalled {
        r#"{type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: timed out, lastTransitionTime: "2026-01-01T11:20:00Z"}"#
    } else {
        r#"{type: Progressing, status: "True", reason: NewReplicaSetAvailable}"#
    };
    format!(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T08:00:00Z"}}
spec: {{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: "web:2"}}]}}}}}}
status: {{replicas: {ready}, readyReplicas: {ready}, conditions: [{progressing}]}}
---
"#
    )
}

fn replica_set(revision: u8, wanted: u8, status: &str) -> String {
    format!(
        r#"
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-{revision}, namespace: shop, uid: r{revision}, creationTimestamp: "2026-01-01T1{revision}:00:00Z", annotations: {{deployment.kubernetes.io/revision: "{revision}"}}, ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}}]}}
spec: {{replicas: {wanted}, template: {{spec: {{containers: [{{name: web, image: "web:{revision}"}}]}}}}}}
status: {status}
---
"#
    )
}

fn pod(name: &str, revision: u8, status: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, uid: {name}, creationTimestamp: "2026-01-01T11:10:00Z", labels: {{app: web}}, ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-{revision}, uid: r{revision}, controller: true}}]}}
spec: {{nodeName: n1, containers: [{{name: web, image: "web:{revision}"}}]}}
status: {status}
---
"#
    )
}

const READY: &str = r#"{phase: Running, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:11:00Z"}], containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T11:11:00Z"}}}]}"#;

const CRASHING: &str = r#"{phase: Running, conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:11:00Z"}], containerStatuses: [{name: web, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s}}, lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}}]}"#;

fn refused(message: &str) -> String {
    format!(
        r#"{{replicas: 0, conditions: [{{type: ReplicaFailure, status: "True", reason: FailedCreate, lastTransitionTime: "2026-01-01T11:11:00Z", message: '{message}'}}]}}"#
    )
}

#[test]
fn a_quota_that_refuses_all_pods_is_the_one_cause() {
    let message = r#"pods "web-1-" is forbidden: exceeded quota: compute, requested: requests.cpu=400m, used: requests.cpu=0, limited: requests.cpu=200m"#;
    let objects = deployment(0, true) + &replica_set(1, 2, &refused(message));
    let report = report(&objects);
    assert_eq!(
        causes(&report),
        [(
            "SCA020",
            "ResourceQuota shop/compute".to_owned(),
            Severity::Critical
        )]
    );
    let cause = &report.causes[0];
    assert!(
        cause.title.contains("requests.cpu: 400m"),
        "{}",
        cause.title
    );
    assert!(
        cause
            .affected
            .iter()
            .any(|object| object.kind == "Deployment")
    );
}

#[test]
fn a_refused_surge_is_a_warning_while_all_pods_serve() {
    let message = r#"pods "web-2-" is forbidden: maximum memory usage per Container is 256Mi, but limit is 512Mi"#;
    let objects = deployment(2, true)
        + &replica_set(1, 2, "{replicas: 2, readyReplicas: 2}")
        + &replica_set(2, 1, &refused(message))
        + &pod("web-1-a", 1, READY)
        + &pod("web-1-b", 1, READY);
    assert_eq!(
        causes(&report(&objects)),
        [(
            "SCA023",
            "Deployment shop/web".to_owned(),
            Severity::Warning
        )]
    );
}

#[test]
fn a_bad_revision_adds_what_changed_to_the_cause_of_its_pods() {
    let objects = deployment(1, true)
        + &replica_set(1, 1, "{replicas: 1, readyReplicas: 1}")
        + &replica_set(2, 1, "{replicas: 1}")
        + &pod("web-1-a", 1, READY)
        + &pod("web-2-a", 2, CRASHING);
    let report = report(&objects);
    let all = causes(&report);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].1, "Deployment shop/web");
    let change = report.causes[0]
        .evidence
        .iter()
        .find(|item| item.kind == EvidenceKind::Change)
        .and_then(|item| item.text.as_deref());
    assert_eq!(
        change,
        Some("revision 2 replaces revision 1, made 60m earlier: image of `web`: web:1 → web:2")
    );
}

#[test]
fn a_pod_that_a_set_never_replaces_is_told_as_that() {
    let objects = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, uid: s1, generation: 3, creationTimestamp: "2026-01-01T08:00:00Z"}
spec: {replicas: 2}
status: {observedGeneration: 3, replicas: 2, readyReplicas: 1, currentRevision: db-5f, updateRevision: db-5f}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", labels: {controller-revision-hash: db-7c}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
spec: {nodeName: n1, containers: [{name: db, image: "db:2"}]}
status:
  phase: Running
  containerStatuses: [{name: db, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff, message: back-off}}, lastState: {terminated: {exitCode: 1, finishedAt: "2026-01-01T11:58:00Z"}}}]
"#;
    let report = report(objects);
    let all = causes(&report);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(
        (all[0].0, all[0].1.as_str()),
        ("ROL008", "StatefulSet shop/db")
    );
}

#[test]
fn a_schedule_whose_runs_fail_is_one_cause() {
    let objects = r#"
apiVersion: batch/v1
kind: CronJob
metadata: {name: digest, namespace: mail, uid: c1, creationTimestamp: "2025-12-01T00:00:00Z"}
spec: {schedule: "0 * * * *"}
status: {lastScheduleTime: "2026-01-01T11:00:00Z", lastSuccessfulTime: "2026-01-01T07:01:00Z"}
---
apiVersion: batch/v1
kind: Job
metadata: {name: digest-29, namespace: mail, uid: j1, creationTimestamp: "2026-01-01T11:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: digest, uid: c1, controller: true}]}
status:
  failed: 1
  conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: gave up, lastTransitionTime: "2026-01-01T11:05:00Z"}]
---
apiVersion: v1
kind: Pod
metadata: {name: digest-29-x, namespace: mail, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z", ownerReferences: [{apiVersion: batch/v1, kind: Job, name: digest-29, uid: j1, controller: true}]}
spec: {nodeName: n1, restartPolicy: Never, containers: [{name: digest}]}
status:
  phase: Failed
  containerStatuses: [{name: digest, state: {terminated: {exitCode: 3, reason: Error, finishedAt: "2026-01-01T11:04:00Z"}}}]
"#;
    let report = report(objects);
    let all = causes(&report);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].1, "CronJob mail/digest");
    assert_eq!(all[0].2, Severity::Critical);
}

#[test]
fn a_missing_request_does_not_explain_that_pods_are_down() {
    let scaler = r#"
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T08:00:00Z"}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 6
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
"#;
    let objects = deployment(0, false)
        + &replica_set(1, 2, "{replicas: 1}")
        + &pod("web-1-a", 1, CRASHING)
        + scaler;
    let report = report(&objects);
    let found = causes(&report);
    assert_eq!(found.len(), 2, "{found:?}");
    let down = report
        .findings
        .iter()
        .find(|finding| finding.code == "ROL002")
        .map(|finding| finding.cause_id.as_str());
    let scaling = report
        .causes
        .iter()
        .find(|cause| cause.code == "SCA005")
        .map(|cause| cause.id.as_str());
    assert!(down.is_some() && scaling.is_some());
    assert_ne!(down, scaling);
}
