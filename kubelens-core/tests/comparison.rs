//! What two reports, and two pictures, differ in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kubelens_core::comparison::{ChangeState, Interlude, ReportDiff, compare};
use kubelens_core::engine::{Options, diagnose};
use kubelens_core::kubernetes::{Object, Pod};
use kubelens_core::model::{CoverageState, KindCoverage, Report, Severity};
use kubelens_core::snapshot::{Cluster, Snapshot};
use kubelens_core::source::{FileSource, ReadRequest, Silent};

/// The picture that manifests show at the instant of their `# now:`; its ConfigMaps are all there are.
fn picture(text: &str) -> Snapshot {
    let now = text
        .lines()
        .find_map(|line| line.strip_prefix("# now: "))
        .map(|time| time.parse().expect("a time"));
    let text = format!("{text}---\napiVersion: v1\nkind: ConfigMapList\nitems: []\n");
    let request = ReadRequest {
        now,
        ..ReadRequest::default()
    };
    FileSource::from_bytes("picture.yaml", text.into_bytes())
        .read(&request, &Silent)
        .expect("a picture")
}

/// A Deployment whose one pod waits for a ConfigMap, and time stands at `now`.
fn waiting(now: &str, name: &str) -> Snapshot {
    picture(&format!(
        "# now: {now}
apiVersion: apps/v1
kind: Deployment
metadata: {{namespace: shop, name: web, uid: d}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: app, envFrom: [{{configMapRef: {{name: {name}}}}}]}}]}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  namespace: shop
  name: web-1
  uid: r
  ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}}]
spec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}}}
---
apiVersion: v1
kind: Pod
metadata:
  namespace: shop
  name: web-1-a
  uid: p
  labels: {{app: web}}
  creationTimestamp: 2026-01-01T10:00:00Z
  ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r, controller: true}}]
spec: {{nodeName: n, containers: [{{name: app, envFrom: [{{configMapRef: {{name: {name}}}}}]}}]}}
status:
  phase: Pending
  containerStatuses:
  - name: app
    state: {{waiting: {{reason: CreateContainerConfigError, message: 'configmap \"{name}\" not found'}}}}
"
    ))
}

#[test]
fn what_a_report_did_not_look_for_is_not_fixed() {
    let picture = waiting("2026-01-01T10:30:00Z", "settings");
    let whole = diagnose(&picture, &Options::default());
    let cause = whole.causes.first().expect("a cause");
    assert_eq!(cause.code, "CFG001");
    let told = |newer: &Report| {
        let diff = compare(&whole, newer, Interlude::default());
        let mut changes = diff.changes.into_iter();
        let change = changes.find(|change| change.cause.id == cause.id);
        let change = change.expect("the cause in the difference");
        (change.state, change.reasons.join("; "))
    };
    let unknown = |why: &str| {
        let reason = format!("the newer report could not have seen it: {why}");
        (ChangeState::Unknown, reason)
    };
    let skipped = Options {
        skip: vec!["CFG001".to_owned()],
        ..Options::default()
    };
    let skipped = diagnose(&picture, &skipped);
    assert_eq!(skipped.scope.checks_left_out, ["CFG001"]);
    assert_eq!(told(&skipped), unknown("it did not run CFG001"));
    let elsewhere = Options {
        excluded_namespaces: vec!["sh*".parse().expect("a pattern")],
        ..Options::default()
    };
    let elsewhere = diagnose(&picture, &elsewhere);
    assert_eq!(told(&elsewhere), unknown("it left namespaces sh* out"));
    // What is left of a report whose causes below a severity were dropped.
    let mut cut = whole.clone();
    cut.scope.min_severity = Some(Severity::Critical);
    cut.causes.clear();
    assert_eq!(told(&cut).0, ChangeState::Fixed);
    let mut mild = whole.clone();
    mild.causes.first_mut().expect("a cause").severity = Severity::Warning;
    let diff = compare(&mild, &cut, Interlude::default());
    assert_eq!(diff.changes[0].state, ChangeState::Unknown);
    // The other way round it is new, and may not be.
    let diff = compare(&skipped, &whole, Interlude::default());
    let mut changes = diff.changes.iter();
    let change = changes.find(|change| change.cause.id == cause.id);
    let change = change.expect("the cause in the difference");
    assert_eq!(change.state, ChangeState::New);
    assert_eq!(
        change.reasons,
        ["the older report could not have seen it: it did not run CFG001"]
    );
}

/// A pod `web` with a `Ready` condition and restarts.
fn pod(now: &str, ready: &str, since: &str, restarts: u32) -> Snapshot {
    picture(&format!(
        "# now: {now}
apiVersion: v1
kind: Pod
metadata: {{namespace: shop, name: web, uid: p, creationTimestamp: 2026-01-01T00:00:00Z}}
spec: {{containers: [{{name: app}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: '{ready}', lastTransitionTime: {since}}}]
  containerStatuses:
  - name: app
    ready: {}
    restartCount: {restarts}
    state: {{running: {{startedAt: 2026-01-01T00:00:00Z}}}}
    lastState: {{terminated: {{reason: OOMKilled, exitCode: 137, finishedAt: 2026-01-01T11:30:00Z}}}}
",
        ready == "True"
    ))
}

fn report(snapshot: &Snapshot) -> Report {
    diagnose(snapshot, &Options::default())
}

fn states(diff: &ReportDiff) -> Vec<(ChangeState, &str)> {
    diff.changes
        .iter()
        .map(|change| (change.state, change.cause.code.as_str()))
        .collect()
}

#[test]
fn the_same_report_twice_is_ongoing_and_nothing_else() {
    let now = report(&waiting("2026-01-01T12:00:00Z", "conf"));
    let diff = compare(&now, &now, Interlude::default());
    assert_eq!(states(&diff), [(ChangeState::Ongoing, "CFG001")]);
    assert!(diff.changes[0].reasons.is_empty());
    assert!(diff.notes.is_empty());
}

#[test]
fn one_fault_gone_and_another_come_are_fixed_and_new() {
    let older = report(&waiting("2026-01-01T12:00:00Z", "conf"));
    let newer = report(&waiting("2026-01-01T13:00:00Z", "other"));
    let diff = compare(&older, &newer, Interlude::default());
    assert_eq!(
        states(&diff),
        [(ChangeState::New, "CFG001"), (ChangeState::Fixed, "CFG001")]
    );
    assert!(diff.changes[0].is_newly(Severity::Critical));
    assert!(!diff.changes[1].is_newly(Severity::Info));
    assert_eq!((diff.summary.new, diff.summary.fixed), (1, 1));
}

#[test]
fn what_the_newer_report_could_not_see_is_not_fixed() {
    let older = report(&waiting("2026-01-01T12:00:00Z", "conf"));
    let mut newer = older.clone();
    newer.causes.clear();
    newer.coverage.kinds.push(KindCoverage {
        kind: "ConfigMap".into(),
        state: CoverageState::Forbidden,
        detail: String::new(),
        checks_skipped: vec!["CFG001".into()],
    });
    let diff = compare(&older, &newer, Interlude::default());
    assert_eq!(states(&diff), [(ChangeState::Unknown, "CFG001")]);
    assert_eq!(
        diff.changes[0].reasons,
        ["the newer report could not have seen it: ConfigMap forbidden"]
    );

    let diff = compare(&newer, &older, Interlude::default());
    assert_eq!(states(&diff), [(ChangeState::New, "CFG001")]);
    assert!(diff.changes[0].reasons[0].contains("ConfigMap forbidden"));
}

#[test]
fn what_lies_outside_the_newer_view_is_not_fixed() {
    let older = report(&waiting("2026-01-01T12:00:00Z", "conf"));
    let mut newer = older.clone();
    newer.causes.clear();
    newer.scope.namespaces = vec!["blog".into()];
    let diff = compare(&older, &newer, Interlude::default());
    assert_eq!(states(&diff), [(ChangeState::Unknown, "CFG001")]);
    assert_eq!(diff.notes.len(), 1);
}

#[test]
fn more_severe_and_wider_is_worse_and_narrower_is_not() {
    let newer = report(&waiting("2026-01-01T12:00:00Z", "conf"));
    let mut older = newer.clone();
    older.causes[0].severity = Severity::Warning;
    let lost = older.causes[0].affected.pop().expect("the Deployment");
    let diff = compare(&older, &newer, Interlude::default());
    assert_eq!(states(&diff), [(ChangeState::Worsened, "CFG001")]);
    assert_eq!(
        diff.changes[0].reasons,
        ["was warning".to_owned(), format!("1 more affected: {lost}")]
    );
    assert!(diff.changes[0].is_newly(Severity::Critical));
    assert!(!diff.changes[0].is_newly(Severity::Warning));

    let diff = compare(&newer, &older, Interlude::default());
    assert_eq!(states(&diff), [(ChangeState::Ongoing, "CFG001")]);
    assert_eq!(diff.changes[0].reasons.len(), 2);
}

#[test]
fn another_code_for_one_subject_is_a_changed_cause() {
    let newer = report(&waiting("2026-01-01T12:00:00Z", "conf"));
    let mut older = newer.clone();
    older.causes[0].id = "000000000000".into();
    older.causes[0].code = "CFG999".into();
    let diff = compare(&older, &newer, Interlude::default());
    assert_eq!(states(&diff), [(ChangeState::CauseChanged, "CFG001")]);
    let before = diff.changes[0].before.as_ref().expect("the older cause");
    assert_eq!(before.code, "CFG999");
    assert!(diff.changes[0].is_newly(Severity::Critical));
}

#[test]
fn a_container_that_ended_and_runs_again_is_told_with_how_it_ended() {
    let older = pod("2026-01-01T11:00:00Z", "True", "2026-01-01T00:00:00Z", 1);
    let newer = pod("2026-01-01T12:00:00Z", "True", "2026-01-01T11:31:00Z", 3);
    let interlude = Interlude::between(&older, &newer);
    let titles: Vec<&str> = interlude
        .recovered
        .iter()
        .map(|recovery| recovery.title.as_str())
        .collect();
    assert_eq!(
        titles,
        [
            "Pod shop/web: container `app` ended 2 times, last OOMKilled with exit code 137, and runs again"
        ]
    );
    assert_eq!(Interlude::between(&newer, &newer).recovered, []);
}

#[test]
fn readiness_that_went_and_came_is_a_recovery_and_one_that_came_and_went_a_relapse() {
    let well = pod("2026-01-01T11:00:00Z", "True", "2026-01-01T00:00:00Z", 1);
    let well_again = pod("2026-01-01T12:00:00Z", "True", "2026-01-01T11:31:00Z", 1);
    let interlude = Interlude::between(&well, &well_again);
    assert_eq!(
        interlude.recovered[0].title,
        "Pod shop/web was not ready in between, and is again"
    );

    let ill = pod("2026-01-01T11:00:00Z", "False", "2026-01-01T00:00:00Z", 1);
    let ill_again = pod("2026-01-01T12:00:00Z", "False", "2026-01-01T11:31:00Z", 1);
    assert_eq!(Interlude::between(&ill, &ill_again).recovered, []);
    let mut cause = report(&waiting("2026-01-01T12:00:00Z", "conf"))
        .causes
        .remove(0);
    cause.subject = Cluster::new(&ill)
        .all::<Pod>()
        .map(Object::reference)
        .next()
        .expect("the pod");
    let one = Report {
        causes: vec![cause],
        ..report(&ill)
    };
    let diff = compare(&one, &one, Interlude::between(&ill, &ill_again));
    assert_eq!(states(&diff), [(ChangeState::Flapping, "CFG001")]);
    let diff = compare(&one, &one, Interlude::between(&ill, &ill));
    assert_eq!(states(&diff), [(ChangeState::Ongoing, "CFG001")]);
}

#[test]
fn a_pod_of_another_uid_is_another_pod() {
    let older = pod("2026-01-01T11:00:00Z", "True", "2026-01-01T00:00:00Z", 0);
    let newer = picture(
        "# now: 2026-01-01T12:00:00Z
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: web, uid: q, creationTimestamp: 2026-01-01T00:00:00Z}
spec: {containers: [{name: app}]}
status:
  phase: Running
  conditions: [{type: Ready, status: 'True', lastTransitionTime: 2026-01-01T11:30:00Z}]
  containerStatuses: [{name: app, ready: true, restartCount: 4, state: {running: {}}}]
",
    );
    assert_eq!(Interlude::between(&older, &newer).recovered, []);
}
