//! What metrics show: silent where all is well, told where they are not served, and folded where they explain.

use crate::analysis::Profile;
use crate::engine::{Options, diagnose};
use crate::kubernetes::Kind;
use crate::model::{ClusterInfo, CoverageState, EvidenceKind, Report, Scope, Severity};
use crate::snapshot::SnapshotBuilder;
use crate::snapshot::example::picture;

fn report(objects: &str) -> Report {
    let text = format!("# now: 2026-01-01T12:00:00Z\n{objects}");
    diagnose(&picture(&text), &Options::default())
}

/// The causes above info with the codes that fold into each.
fn causes(report: &Report) -> Vec<(&str, Severity, Vec<&str>)> {
    let above = report
        .causes
        .iter()
        .filter(|cause| cause.severity > Severity::Info);
    above
        .map(|cause| {
            let mut codes: Vec<&str> = report
                .findings
                .iter()
                .filter(|finding| finding.cause_id == cause.id && finding.id != cause.id)
                .map(|finding| finding.code.as_str())
                .collect();
            codes.sort_unstable();
            (cause.code.as_str(), cause.severity, codes)
        })
        .collect()
}

/// A pod on node n1 with a limit of one core and 512Mi, and what its container uses.
fn pod(status: &str, usage: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T08:00:00Z"}}
spec:
  nodeName: n1
  containers: [{{name: web, image: "web:1", resources: {{requests: {{cpu: 500m, memory: 256Mi}}, limits: {{cpu: "1", memory: 512Mi}}}}, readinessProbe: {{httpGet: {{path: /ready, port: 8080}}}}}}]
status: {status}
---
apiVersion: metrics.k8s.io/v1beta1
kind: PodMetrics
metadata: {{name: web-1, namespace: shop}}
timestamp: "2026-01-01T11:59:40Z"
window: 20s
containers: [{{name: web, usage: {usage}}}]
---
"#
    )
}

fn node(usage: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Node
metadata: {{name: n1, creationTimestamp: "2025-01-01T08:00:00Z"}}
status: {{allocatable: {{cpu: "4", memory: 8Gi, pods: "110"}}, conditions: [{{type: Ready, status: "True", lastTransitionTime: "2025-01-01T08:00:00Z"}}]}}
---
apiVersion: metrics.k8s.io/v1beta1
kind: NodeMetrics
metadata: {{name: n1}}
timestamp: "2026-01-01T11:59:40Z"
window: 20s
usage: {usage}
---
"#
    )
}

const READY: &str = r#"{phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T08:00:10Z"}}}]}"#;

const UNREADY: &str = r#"{phase: Running, conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:40:00Z"}], containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T08:00:10Z"}}}]}"#;

const TIMES_OUT: &str = r#"
apiVersion: v1
kind: Event
metadata: {name: e1, namespace: shop}
involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
type: Warning
reason: Unhealthy
message: 'Readiness probe failed: Get "http://10.1.1.1:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
count: 120
lastTimestamp: "2026-01-01T11:59:50Z"
"#;

#[test]
fn a_healthy_cluster_with_metrics_is_silent() {
    let objects = pod(READY, "{cpu: 300m, memory: 200Mi}") + &node("{cpu: 900m, memory: 3Gi}");
    assert_eq!(report(&objects).causes, []);
}

#[test]
fn a_probe_that_times_out_is_explained_by_throttling() {
    let objects = pod(UNREADY, "{cpu: 998m, memory: 200Mi}") + &node("{cpu: 1500m, memory: 3Gi}");
    let report = report(&(objects + TIMES_OUT));
    let expected = [(
        "SCA042",
        Severity::Critical,
        vec!["WRK019", "WRK020", "WRK025"],
    )];
    assert_eq!(causes(&report), expected);
    let has = |kind| {
        report.causes[0]
            .evidence
            .iter()
            .any(|item| item.kind == kind)
    };
    assert!(has(EvidenceKind::Metric) && has(EvidenceKind::Event));
}

#[test]
fn a_probe_that_times_out_on_a_node_without_cpu_is_explained_by_the_node() {
    let objects = pod(UNREADY, "{cpu: 400m, memory: 200Mi}") + &node("{cpu: 3900m, memory: 3Gi}");
    let report = report(&(objects + TIMES_OUT));
    let expected = [(
        "NOD016",
        Severity::Critical,
        vec!["WRK019", "WRK020", "WRK025"],
    )];
    assert_eq!(causes(&report), expected);
}

#[test]
fn low_usage_leaves_a_probe_that_times_out_its_own_cause() {
    let objects = pod(UNREADY, "{cpu: 40m, memory: 200Mi}") + &node("{cpu: 900m, memory: 3Gi}");
    let report = report(&(objects + TIMES_OUT));
    let codes: Vec<&str> = causes(&report).into_iter().map(|cause| cause.0).collect();
    assert_eq!(codes, ["WRK025"]);
}

#[test]
fn memory_near_its_limit_folds_into_the_kill_that_it_led_to() {
    let killed = r#"{phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: web, ready: true, restartCount: 3, state: {running: {startedAt: "2026-01-01T11:50:10Z"}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled, startedAt: "2026-01-01T11:30:00Z", finishedAt: "2026-01-01T11:50:00Z"}}}]}"#;
    let report = report(&pod(killed, "{cpu: 40m, memory: 500Mi}"));
    let folded = causes(&report);
    assert_eq!(folded.len(), 1, "{folded:?}");
    assert_eq!(folded[0].0, "WRK003");
    assert!(folded[0].2.contains(&"SCA040"), "{folded:?}");
    let measured = report.causes[0]
        .evidence
        .iter()
        .find(|item| item.kind == EvidenceKind::Metric)
        .and_then(|item| item.value.clone());
    assert_eq!(measured.as_deref(), Some("500Mi of limit 512Mi"));
}

#[test]
fn a_use_near_a_limit_explains_no_other_fault_of_the_pod() {
    let waits = r#"{phase: Running, conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:40:00Z"}], containerStatuses: [{name: web, ready: false, restartCount: 9, state: {running: {startedAt: "2026-01-01T11:50:10Z"}}, lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:50:00Z"}}}]}"#;
    let report = report(&pod(waits, "{cpu: 40m, memory: 500Mi}"));
    let of_limit = causes(&report)
        .into_iter()
        .find(|cause| cause.0 == "SCA040");
    assert_eq!(of_limit, Some(("SCA040", Severity::Warning, vec![])));
}

#[test]
fn where_metrics_are_not_served_the_checks_are_told_and_nothing_else() {
    let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
    for kind in [Kind::NodeMetrics, Kind::PodMetrics] {
        builder.gap(kind.as_str(), None, CoverageState::Absent, "not served");
    }
    let now = "2026-01-01T12:00:00Z".parse().expect("a time");
    let report = diagnose(&builder.build_live(now), &Options::default());
    assert_eq!(report.causes, []);
    assert_eq!(report.coverage.percent, 100);
    let skipped: Vec<(&str, CoverageState, Vec<&str>)> = report
        .coverage
        .kinds
        .iter()
        .map(|kind| {
            let codes = kind.checks_skipped.iter().map(String::as_str).collect();
            (kind.kind.as_str(), kind.state, codes)
        })
        .collect();
    let expected = [
        (
            "NodeMetrics",
            CoverageState::Absent,
            vec!["NOD016", "SCA043"],
        ),
        (
            "PodMetrics",
            CoverageState::Absent,
            vec!["NOD016", "SCA040", "SCA042", "SCA043"],
        ),
    ];
    assert_eq!(skipped, expected);
}

#[test]
fn secrets_that_are_not_looked_into_are_told_once() {
    let report = report("apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\n");
    let told = report
        .coverage
        .kinds
        .iter()
        .find(|kind| kind.kind == "Secret data");
    let skipped = told.map(|kind| kind.checks_skipped.join(" "));
    assert_eq!(skipped.as_deref(), Some("CFG004 CTL020 CTL021"));
}

#[test]
fn metrics_that_may_not_be_read_are_something_that_was_not_seen() {
    let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
    builder.gap("PodMetrics", None, CoverageState::Forbidden, "no");
    let now = "2026-01-01T12:00:00Z".parse().expect("a time");
    let report = diagnose(&builder.build_live(now), &Options::default());
    assert!(report.coverage.percent < 100);
}

#[test]
fn hints_at_waste_are_for_who_asks_for_them() {
    let second = pod(READY, "{cpu: 20m, memory: 100Mi}")
        .replace("web-1", "web-2")
        .replace("p1", "p2");
    let owned = |text: String| {
        text.replace(
            r#"creationTimestamp: "2026-01-01T08:00:00Z""#,
            "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: s1, controller: true}]",
        )
    };
    let set = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: shop, uid: s1}
spec: {replicas: 2, template: {spec: {containers: [{name: web, image: "web:1", resources: {requests: {cpu: 500m, memory: 256Mi}, limits: {cpu: "1", memory: 512Mi}}}]}}}
status: {replicas: 2, readyReplicas: 2}
"#;
    let objects = owned(pod(READY, "{cpu: 30m, memory: 100Mi}")) + &owned(second) + set;
    let text = format!("# now: 2026-01-01T12:00:00Z\n{objects}");
    let of = |profiles: Vec<Profile>| {
        let options = Options {
            profiles,
            ..Options::default()
        };
        let report = diagnose(&picture(&text), &options);
        let hints = report
            .findings
            .iter()
            .filter(|finding| finding.code == "SCA043");
        hints.map(|finding| finding.severity).collect::<Vec<_>>()
    };
    assert_eq!(of(vec![Profile::Default]), []);
    assert_eq!(of(vec![Profile::Hygiene]), [Severity::Info, Severity::Info]);
}
