//! `--contexts`: several clusters in one report.

use crate::api_server::{ApiServer, kubeconfig};
use crate::harness::{file, run};

const NOBODY: &str = "http://127.0.0.1:1";

fn config(contexts: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let (dir, path) = file("config", kubeconfig(contexts).as_bytes());
    (dir, path.to_str().expect("a path").to_owned())
}

#[test]
fn the_same_fault_in_two_clusters_is_one_cause() {
    let (eu, us) = (ApiServer::start(), ApiServer::start());
    let (_dir, config) = config(&[
        ("prod-eu", &eu.address),
        ("prod-us", &us.address),
        ("dev", NOBODY),
    ]);
    let words = [
        "diagnose",
        "-A",
        "--kubeconfig",
        &config,
        "--contexts",
        "prod-*",
    ];
    let template = "jsonpath={range .causes[*]}{.code} {.clusters[*].name};{end}{.coverage.kinds[?(@.kind==\"Cluster\")].detail}";
    let both = run(&[&words[..], &["-o", template, "--fail-on", "new:critical"]].concat());
    assert_eq!(both.status, Some(2), "{}", both.stdout);
    let both = run(&[&words[..], &["-o", template]].concat());
    assert_eq!(
        (both.status, both.stdout.as_str()),
        (Some(0), "CFG001 prod-eu prod-us;"),
        "{}",
        both.stderr
    );
    let human = run(&[&words[..], &["--fail-on", "critical"]].concat());
    assert_eq!(human.status, Some(1));
    assert!(
        human.stdout.starts_with("prod-eu, prod-us"),
        "{}",
        human.stdout
    );
    assert!(
        human.stdout.contains("    In     prod-eu"),
        "{}",
        human.stdout
    );
    let table = run(&[&words[..], &["-o", "table"]].concat());
    assert!(
        table.stdout.contains("CLUSTERS") && table.stdout.contains("prod-eu, prod-us"),
        "{}",
        table.stdout
    );
}

#[test]
fn a_cluster_that_does_not_answer_is_a_gap_and_fails_when_asked() {
    let eu = ApiServer::start();
    let (_dir, config) = config(&[("prod-eu", &eu.address), ("prod-us", NOBODY)]);
    let words = [
        "diagnose",
        "-A",
        "--kubeconfig",
        &config,
        "--contexts",
        "prod-eu,prod-us",
    ];
    let run_with = |more: &[&str]| run(&[&words[..], more].concat());
    let all = run_with(&["-o", "json"]);
    assert_eq!(all.status, Some(0), "{}", all.stderr);
    let report: serde_json::Value = serde_json::from_str(&all.stdout).expect("a report");
    assert_eq!(report["clusters"][1]["summary"], serde_json::Value::Null);
    let gaps = report["coverage"]["kinds"].as_array().expect("gaps");
    let gap = gaps
        .iter()
        .find(|gap| gap["kind"] == "Cluster")
        .expect("the cluster");
    assert!(
        gap["detail"]
            .as_str()
            .is_some_and(|text| text.starts_with("prod-us was not checked: ")),
        "{gap}"
    );
    assert_eq!(run_with(&["--fail-on", "unknown"]).status, Some(1));
}

#[test]
fn the_cluster_as_it_is_now_compares_with_an_earlier_report() {
    let eu = ApiServer::start();
    let (_dir, config) = config(&[("prod-eu", &eu.address)]);
    let flags = ["--kubeconfig", &config];
    let before = run(&[&["diagnose", "-A", "-o", "json"], &flags[..]].concat());
    let (_file, path) = file("before.json", before.stdout.as_bytes());
    let diff = run(&[
        &[
            "diff",
            path.to_str().expect("a path"),
            "-o",
            "jsonpath={.changes[*].state}",
        ],
        &flags[..],
    ]
    .concat());
    assert_eq!(
        (diff.status, diff.stdout.as_str()),
        (Some(0), "ongoing"),
        "{}",
        diff.stderr
    );
}

#[test]
fn what_names_no_cluster_is_refused() {
    let (_dir, config) = config(&[("prod-eu", NOBODY)]);
    for (words, told) in [
        (vec!["--contexts", "prd-eu"], "did you mean prod-eu?"),
        (vec!["--contexts", "[x"], "is not a pattern"),
        (
            vec!["--contexts", "prod-*"],
            "no cluster could be checked: prod-eu: ",
        ),
        (
            vec!["--contexts", "prod-*", "--context", "prod-eu"],
            "cannot be used with",
        ),
        (
            vec!["--contexts", "prod-*", "--demo"],
            "--from and --demo none",
        ),
    ] {
        let refused = run(&[&["diagnose", "--kubeconfig", &config], &words[..]].concat());
        assert_eq!(
            (refused.status, refused.stdout.as_str()),
            (Some(2), ""),
            "{words:?}"
        );
        assert!(
            refused.stderr.contains(told),
            "{words:?}: {}",
            refused.stderr
        );
    }
}
