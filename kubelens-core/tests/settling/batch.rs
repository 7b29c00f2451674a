//! Jobs, CronJobs and pods by themselves.

use kubelens_core::model::ObjectRef;
use kubelens_core::settling::{Outcome, Settling};

use crate::world::{PATIENCE, World, at, judge, look, outcome};

fn job(name: &str, spec: &str, conditions: &str, image: &str) -> String {
    format!(
        r#"apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  namespace: shop
  uid: {name}
  creationTimestamp: "2026-03-01T11:59:5{digit}Z"
  ownerReferences: [{{controller: true, kind: CronJob, apiVersion: batch/v1, name: report, uid: cj}}]
spec: {{{spec}template: {{spec: {{restartPolicy: Never, containers: [{{name: web, image: "{image}"}}]}}}}}}
status: {{conditions: [{conditions}], startTime: "2026-03-01T11:59:5{digit}Z", active: 1}}"#,
        digit = name.chars().last().expect("a digit")
    )
}

fn target(kind: &str, name: &str) -> ObjectRef {
    ObjectRef::namespaced("batch/v1", kind, "shop", name)
}

const COMPLETE: &str = r#"{type: Complete, status: "True"}"#;
const FAILED: &str = r#"{type: Failed, status: "True", reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit}"#;

#[test]
fn a_job_settles_by_finishing() {
    let cases = [
        ("", COMPLETE, Outcome::Settled),
        ("", FAILED, Outcome::Failed),
        ("", "", Outcome::Progressing),
        (
            "suspend: true, ",
            r#"{type: Suspended, status: "True"}"#,
            Outcome::Progressing,
        ),
    ];
    for (spec, conditions, expected) in cases {
        let world = World::with(&job("load-1", spec, conditions, "a"));
        assert_eq!(
            outcome(&world, at(0), &target("Job", "load-1")),
            expected,
            "{conditions}"
        );
    }
}

#[test]
fn a_job_that_was_seen_to_complete_may_be_removed() {
    let mut settling = Settling::new(PATIENCE);
    let job_ref = target("Job", "load-1");
    let done = World::with(&job("load-1", "", COMPLETE, "a"));
    assert_eq!(
        look(&mut settling, &done, at(0), &job_ref).outcome,
        Outcome::Settled
    );
    assert_eq!(
        look(&mut settling, &World::with(""), at(5), &job_ref).outcome,
        Outcome::Settled
    );
    assert_eq!(outcome(&World::with(""), at(5), &job_ref), Outcome::Absent);
}

fn cron(suspend: bool, image: &str) -> String {
    format!(
        r#"apiVersion: batch/v1
kind: CronJob
metadata: {{name: report, namespace: shop, uid: cj}}
spec:
  schedule: "0 3 * * *"
  suspend: {suspend}
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: web, image: "{image}"}}]}}}}}}}}"#
    )
}

#[test]
fn a_cron_job_stands_as_its_newest_job_does() {
    let report = target("CronJob", "report");
    let with = |jobs: &[String]| World::with(&cron(false, "a")).and(&jobs.join("\n---\n"));
    let failed = job("r-1", "", FAILED, "a");
    let complete = job("r-2", "", COMPLETE, "a");
    assert_eq!(outcome(&with(&[]), at(0), &report), Outcome::Settled);
    assert_eq!(
        outcome(&with(&[failed.clone(), complete.clone()]), at(0), &report),
        Outcome::Settled
    );
    let failed_later = job("r-3", "", FAILED, "a");
    assert_eq!(
        outcome(&with(&[complete.clone(), failed_later]), at(0), &report),
        Outcome::Failed
    );
    let runs = job("r-4", "", "", "a");
    assert_eq!(
        outcome(&with(&[complete, runs]), at(0), &report),
        Outcome::Progressing
    );
}

#[test]
fn a_suspended_cron_job_is_no_failure() {
    let world = World::with(&cron(true, "a")).and(&job("r-1", "", FAILED, "a"));
    assert_eq!(
        outcome(&world, at(0), &target("CronJob", "report")),
        Outcome::Settled
    );
}

#[test]
fn a_job_of_the_template_before_says_nothing_of_the_new_one() {
    let world = World::with(&cron(false, "b")).and(&job("r-1", "", FAILED, "a"));
    let verdict = judge(&world, at(0), &target("CronJob", "report"));
    assert_eq!(verdict.outcome, Outcome::Settled);
    assert!(
        verdict.reason.contains("template was changed"),
        "{}",
        verdict.reason
    );
}

#[test]
fn a_pod_by_itself_is_ready_or_has_succeeded() {
    let solo = |status: &str| {
        World::with(&format!(
            r#"apiVersion: v1
kind: Pod
metadata: {{name: solo, namespace: shop, uid: solo}}
spec: {{nodeName: n1, containers: [{{name: web}}]}}
status: {{{status}}}"#
        ))
    };
    let ready = r#"phase: Running, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-03-01T11:00:00Z"}], containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-03-01T11:00:00Z"}}}]"#;
    let pod = ObjectRef::namespaced("v1", "Pod", "shop", "solo");
    assert_eq!(outcome(&solo(ready), at(0), &pod), Outcome::Settled);
    assert_eq!(
        outcome(&solo("phase: Succeeded"), at(0), &pod),
        Outcome::Settled
    );
    assert_eq!(
        outcome(&solo("phase: Failed, reason: Evicted"), at(0), &pod),
        Outcome::Failed
    );
    assert_eq!(
        outcome(&solo("phase: Pending"), at(0), &pod),
        Outcome::Progressing
    );
}
