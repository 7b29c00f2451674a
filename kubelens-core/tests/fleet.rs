//! Several clusters in one report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kubelens_core::fleet::{Checked, joined};
use kubelens_core::model::{CoverageState, Report, Severity};
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_core::{Options, diagnose};

const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop, uid: p, creationTimestamp: '2026-01-01T10:00:00Z'}
spec: {nodeName: n, containers: [{name: web, image: 'x:1', envFrom: [{configMapRef: {name: conf}}]}]}
status:
  phase: Pending
  containerStatuses: [{name: web, state: {waiting: {reason: CreateContainerConfigError, message: 'configmap \"conf\" not found'}}}]
---
apiVersion: v1
kind: ConfigMapList
items: []
";

fn report(name: &str, objects: &str) -> Report {
    let source = FileSource::from_bytes(name.to_owned(), objects.as_bytes().to_vec());
    let picture = source.read(&ReadRequest::default(), &Silent).unwrap();
    diagnose(&picture, &Options::default())
}

fn checked(name: &str, report: Result<Report, String>) -> Checked {
    Checked {
        name: name.to_owned(),
        report,
    }
}

#[test]
fn the_same_fault_in_two_clusters_is_one_cause_that_names_both() {
    let one = report("a", &POD.replace("NAME", "web"));
    assert_eq!(one.causes.len(), 1, "{:?}", one.causes);
    let other = report("b", &POD.replace("NAME", "web"));
    let all = joined(vec![
        checked("prod-us", Ok(other.clone())),
        checked("prod-eu", Ok(one.clone())),
    ]);
    assert_eq!(all.causes.len(), 1);
    assert_eq!(all.summary.causes, 1);
    let names: Vec<&str> = all.causes[0]
        .clusters
        .iter()
        .map(|cluster| cluster.name.as_str())
        .collect();
    assert_eq!(names, ["prod-eu", "prod-us"]);
    assert_eq!(all.causes[0].id, one.causes[0].id);
    assert_eq!(
        all.summary.objects,
        one.summary.objects + other.summary.objects
    );
    assert_eq!(all.cluster.name, "prod-eu, prod-us");
    let again = joined(vec![
        checked("prod-eu", Ok(one)),
        checked("prod-us", Ok(other)),
    ]);
    assert_eq!(
        serde_json::to_string(&all).unwrap(),
        serde_json::to_string(&again).unwrap()
    );
}

#[test]
fn what_more_clusters_have_ranks_before_what_one_has() {
    let shared = POD.replace("NAME", "web");
    let own = shared
        .replace("{name: conf}", "{name: only-here}")
        .replace("\\\"conf\\\"", "\\\"only-here\\\"");
    let both = format!(
        "{shared}---\n{}",
        own.replace("name: web, namespace", "name: cart, namespace")
            .replace("uid: p", "uid: q")
    );
    let all = joined(vec![
        checked("a", Ok(report("a", &both))),
        checked("b", Ok(report("b", &shared))),
    ]);
    let counts: Vec<usize> = all
        .causes
        .iter()
        .map(|cause| cause.clusters.len())
        .collect();
    assert_eq!(counts, [2, 1], "{:#?}", all.causes);
    assert_eq!(all.causes[0].rank, 1);
}

#[test]
fn a_cluster_that_was_not_checked_is_a_gap_and_lowers_coverage() {
    let healthy = report(
        "a",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
    );
    let before = healthy.coverage.percent;
    let all = joined(vec![
        checked("a", Ok(healthy)),
        checked("b", Err("no route to host".to_owned())),
    ]);
    let gap = all
        .coverage
        .kinds
        .iter()
        .find(|gap| gap.kind == "Cluster")
        .expect("a gap");
    assert_eq!(gap.state, CoverageState::Error);
    assert_eq!(gap.detail, "b was not checked: no route to host");
    assert!(all.coverage.percent <= before / 2);
    assert_eq!(all.clusters[1].error.as_deref(), Some("no route to host"));
    assert_eq!(all.clusters[1].summary, None);
    assert!(
        all.causes
            .iter()
            .all(|cause| cause.severity < Severity::Critical)
    );
}
