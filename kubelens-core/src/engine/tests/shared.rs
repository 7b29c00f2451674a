use std::fmt::Write as _;

use crate::engine::{Options, diagnose};
use crate::model::{Report, Severity};
use crate::snapshot::example::picture;

/// Pods without an owner, each with the registry that its image comes from and that refuses to answer.
fn waiting_for(registries: &[(&str, &str)]) -> Report {
    let mut text = "# now: 2026-01-01T12:00:00Z\n".to_owned();
    for (name, registry) in registries {
        let _ = write!(
            text,
            "apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, uid: {name}, creationTimestamp: '2026-01-01T11:00:00Z'}}
spec: {{nodeName: n1, containers: [{{name: app, image: '{registry}/shop/{name}:1'}}]}}
status:
  phase: Pending
  containerStatuses:
  - name: app
    state: {{waiting: {{reason: ImagePullBackOff, message: 'Back-off pulling image \"{registry}/shop/{name}:1\": ErrImagePull: failed to do request: Head \"https://{registry}/v2/shop/{name}/manifests/1\": dial tcp 10.0.0.5:443: connect: connection refused'}}}}
---
"
        );
    }
    diagnose(&picture(&text), &Options::default())
}

fn faults(report: &Report) -> Vec<String> {
    let loud = report
        .causes
        .iter()
        .filter(|cause| cause.severity > Severity::Info);
    let mut all: Vec<String> = loud
        .map(|cause| format!("{} {}", cause.code, cause.subject))
        .collect();
    all.sort();
    all
}

#[test]
fn what_several_workloads_miss_outside_them_is_one_cause() {
    let report = waiting_for(&[("a", "r.example"), ("b", "r.example"), ("c", "r.example")]);
    assert_eq!(faults(&report), ["IMG006 Registry r.example"]);
    let cause = &report.causes[0];
    assert_eq!(
        cause.title,
        "Registry r.example cannot be reached for the images of 3 workloads: dial tcp 10.0.0.5:443: connect: connection refused"
    );
    assert_eq!(cause.affected.len(), 3);
    assert!(cause.chain.iter().all(|link| !link.evidence.is_empty()));
    let told = report.findings.iter().filter(|one| one.code == "IMG006");
    assert!(
        told.clone()
            .all(|one| one.cause_id == cause.id && one.subject.kind == "Pod")
    );
    assert_eq!(told.count(), 3);
}

#[test]
fn one_alone_and_two_things_stay_what_they_are() {
    assert_eq!(
        faults(&waiting_for(&[("a", "r.example")])),
        ["IMG006 Pod shop/a"]
    );
    let two = waiting_for(&[
        ("a", "r.example"),
        ("b", "r.example"),
        ("c", "s.example"),
        ("d", "s.example"),
    ]);
    assert_eq!(
        faults(&two),
        ["IMG006 Registry r.example", "IMG006 Registry s.example"]
    );
}
