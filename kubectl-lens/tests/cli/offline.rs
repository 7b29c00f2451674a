//! Answers that need no cluster.

use std::process::Stdio;

use serde_json::Value;

use crate::harness::{lens, run};

#[test]
fn the_version_names_program_and_reports() {
    let version = run(&["version"]);
    assert_eq!(version.status, Some(0));
    assert_eq!(
        version.stdout,
        format!(
            "kubectl-lens v{}\nreports kubelens.dev/v1alpha1\n",
            env!("CARGO_PKG_VERSION")
        )
    );
    let json: Value = serde_json::from_str(&run(&["version", "-o", "json"]).stdout).expect("JSON");
    assert_eq!(json["reportVersion"], "kubelens.dev/v1alpha1");
}

#[test]
fn analyzers_are_listed_for_people_and_for_programs() {
    let json: Value =
        serde_json::from_str(&run(&["analyzers", "-o", "json"]).stdout).expect("JSON");
    assert_eq!(
        (&json["kind"], &json["items"][0]["code"]),
        (&"AnalyzerList".into(), &"CFG001".into())
    );
    let names = run(&["analyzers", "CFG001", "-o", "name"]);
    assert_eq!(names.stdout, "analyzer/CFG001\n");
    assert!(run(&["analyzers"]).stdout.starts_with("CODE"));
    let names = run(&["analyzers", "--maps-to", "pop-1109", "-o", "name"]);
    assert_eq!(names.stdout, "analyzer/HYG010\n");
    let opinions = run(&["analyzers", "--profile", "security", "-o", "name"]).stdout;
    assert!(
        opinions.contains("SEC006") && !opinions.contains("CFG001"),
        "{opinions}"
    );
}

#[test]
fn explain_prints_an_analyzers_page() {
    let page = run(&["explain", "cfg001"]);
    assert_eq!(page.status, Some(0), "{}", page.stderr);
    assert!(
        page.stdout.starts_with("CFG001  config-map-missing"),
        "{}",
        page.stdout
    );
    assert!(page.stdout.contains("How to fix"), "{}", page.stdout);
}

#[test]
fn a_pipe_gets_no_colour_unless_asked() {
    assert!(!run(&["analyzers"]).stdout.contains('\u{1b}'));
    assert!(
        run(&["explain", "CFG001", "--color", "always"])
            .stdout
            .contains('\u{1b}')
    );
    let refused = lens(&["explain", "CFG001"])
        .env("NO_COLOR", "1")
        .output()
        .expect("a run");
    assert!(!refused.stdout.contains(&0x1b));
}

#[test]
fn a_program_that_reads_a_table_finds_a_row_in_a_line() {
    let causes = run(&["diagnose", "--demo", "-o", "table"]).stdout;
    let rows: Vec<&str> = causes.lines().skip(1).collect();
    assert!(rows.len() >= 11, "{causes}");
    for row in &rows {
        assert!(
            row.starts_with(|first: char| first.is_ascii_digit()),
            "{causes}"
        );
    }
    assert!(rows.iter().any(|row| row.len() > 120), "{causes}");
    let told = lens(&["diagnose", "--demo", "-o", "table"])
        .env("COLUMNS", "80")
        .output()
        .expect("a run");
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    assert!(
        told.lines().all(|line| line.chars().count() <= 80),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = lens(&["analyzers", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a start");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_demo_needs_nothing_and_shows_a_dozen_faults() {
    let demo = run(&["diagnose", "--demo", "-o", "json"]);
    assert_eq!((demo.status, demo.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&demo.stdout).expect("a report");
    assert_eq!(report["cluster"]["source"], "demo");
    assert!(
        report["causes"]
            .as_array()
            .is_some_and(|causes| causes.len() >= 12),
        "{}",
        report["summary"]
    );
    let people = run(&["diagnose", "--demo"]);
    assert!(people.stdout.contains("CRITICAL"), "{}", people.stdout);
}
