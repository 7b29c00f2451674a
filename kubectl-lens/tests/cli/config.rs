//! `kubelens.yaml`: where it is found, what it changes, and what is told of it.

use std::{path::Path, process::Output};

use serde_json::Value;

use crate::harness::{Run, SHOP, finish, lens};

/// Runs in a folder with this configuration in the folder above.
fn run_below(config: &str, words: &[&str]) -> Run {
    let dir = tempfile::tempdir().expect("a folder");
    let below = dir.path().join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    std::fs::write(dir.path().join("kubelens.yaml"), config).expect("a file");
    finish(run_in(&below, words))
}

fn run_in(folder: &Path, words: &[&str]) -> Output {
    lens(words)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn config(yaml: &str) -> String {
    format!("apiVersion: kubelens.dev/v1alpha1\nkind: Config\n{yaml}\n")
}

fn diagnose(yaml: &str, words: &[&str]) -> Run {
    let words = [&["diagnose", "--from", SHOP], words].concat();
    run_below(&config(yaml), &words)
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect(&run.stderr)
}

fn codes(report: &Value) -> Vec<&str> {
    let causes = report["causes"].as_array().expect("causes");
    causes
        .iter()
        .filter_map(|cause| cause["code"].as_str())
        .collect()
}

#[test]
fn the_nearest_file_above_counts_and_a_suppression_is_no_cause() {
    let plain = json(&diagnose("", &["-o", "json"]));
    assert_eq!(codes(&plain), ["CFG001"]);
    let run = diagnose(
        "suppressions:\n- {code: CFG001, object: ConfigMap/shop/web-config, reason: known}",
        &["-o", "json"],
    );
    let report = json(&run);
    assert!(!codes(&report).contains(&"CFG001"), "{}", run.stdout);
    let finding = report["findings"]
        .as_array()
        .and_then(|all| all.iter().find(|finding| finding["code"] == "CFG001"))
        .expect("the finding");
    assert_eq!(finding["suppressed"], true);
    assert_eq!(finding["suppressedBy"]["reason"], "known");
}

#[test]
fn what_has_ended_is_told_on_standard_error_and_in_the_report() {
    let run = diagnose(
        "suppressions:\n- {code: CFG001, reason: known, expires: 2020-01-01}",
        &["-o", "json"],
    );
    assert!(run.stderr.contains("warning: "), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("the suppression of CFG001 ended 2020-01-02"),
        "{}",
        run.stderr
    );
    assert_eq!(json(&run)["notes"][0]["kind"], "suppressionExpired");
}

#[test]
fn flags_win_over_the_file() {
    let off = "severities: {CFG001: off}\noutputs: [name]";
    assert!(!diagnose(off, &[]).stdout.contains("configmap/web-config"));
    let asked = diagnose(off, &["--only", "CFG001", "-o", "json"]);
    assert_eq!(codes(&json(&asked)), ["CFG001"]);
    assert_eq!(
        diagnose("outputs: [name]", &[]).stdout,
        "configmap/web-config\n"
    );
}

#[test]
fn mistakes_are_told_with_file_line_and_column() {
    for (yaml, expected) in [
        (
            "trasholds: {}",
            "kubelens.yaml:3:1: unknown key `trasholds`; did you mean thresholds?",
        ),
        (
            "severities: {CFG9: info}",
            "kubelens.yaml:3:20: `CFG9` names no analyzer",
        ),
        ("thresholds: {pendingGrace: soon}", "kubelens.yaml:3:28: "),
    ] {
        let run = diagnose(yaml, &[]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{yaml}");
        assert!(run.stderr.contains(expected), "{yaml}: {}", run.stderr);
    }
    let run = finish(run_in(
        Path::new("/"),
        &["config", "view", "--config", "/nonexistent.yaml"],
    ));
    assert_eq!(run.status, Some(2));
    assert!(
        run.stderr.contains("cannot read the configuration"),
        "{}",
        run.stderr
    );
}

#[test]
fn every_setting_is_shown_with_its_origin() {
    let yaml = config("thresholds:\n  pendingGrace: 0\nprofiles: [hygiene]");
    let run = run_below(&yaml, &["config", "view", "-o", "json"]);
    let list = json(&run);
    let items = list["items"].as_array().expect("items");
    let setting = |key: &str| {
        let item = items.iter().find(|item| item["key"] == key);
        item.unwrap_or_else(|| panic!("{key}: {}", run.stdout))
            .clone()
    };
    let grace = setting("thresholds.pendingGrace");
    assert_eq!(grace["value"], 0);
    assert!(
        grace["origin"]
            .as_str()
            .is_some_and(|origin| origin.ends_with("kubelens.yaml:4"))
    );
    assert_eq!(setting("thresholds.youngGrace")["origin"], "default");
    assert_eq!(setting("profiles")["value"], serde_json::json!(["hygiene"]));
    let path = run_below(&yaml, &["config", "path"]);
    assert!(path.stdout.ends_with("kubelens.yaml\n"), "{}", path.stdout);
    let none = finish(run_in(Path::new("/"), &["config", "path"]));
    assert_eq!((none.status, none.stdout.as_str()), (Some(2), ""));
}

#[test]
fn an_output_that_is_none_is_told_with_its_place_whether_it_is_used_or_not() {
    for words in [&[][..], &["-o", "json"]] {
        let run = diagnose("outputs: [human, jsn]", words);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        assert!(
            run.stderr
                .contains("kubelens.yaml:3:10: -o jsn is not a format"),
            "{}",
            run.stderr
        );
    }
}
