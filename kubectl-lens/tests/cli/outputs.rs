//! Several outputs of one run, and outputs that go to files.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Run, SHOP, run};

fn diagnose(words: &[&str]) -> Run {
    run(&[&["diagnose", "--from", SHOP], words].concat())
}

fn content(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file")
}

#[test]
fn one_run_answers_in_several_formats_and_the_same_cause_is_in_each() {
    let dir = tempfile::tempdir().expect("a folder");
    let [page, json, text] = ["r.html", "r.json", "r.txt"].map(|name| dir.path().join(name));
    let run = diagnose(&[
        "-o",
        &format!("html={}", page.display()),
        "-o",
        &format!("json={}", json.display()),
        "-o",
        &format!("human={}", text.display()),
        "-o",
        "name",
        "--color=always",
        "--fail-on=critical",
    ]);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(1), "configmap/web-config\n"),
        "{}",
        run.stderr
    );
    for path in [&page, &json, &text] {
        let line = format!("wrote {}", path.display());
        assert!(
            run.stderr.lines().any(|told| told == line),
            "{}",
            run.stderr
        );
    }
    assert_eq!(content(&json), diagnose(&["-o", "json"]).stdout);
    assert_eq!(content(&page), diagnose(&["-o", "html"]).stdout);
    // Files wear no colours, even where the terminal is to have them.
    assert_eq!(content(&text), diagnose(&[]).stdout);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 3);
}

#[test]
fn output_file_takes_any_one_format() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("codes");
    let file = path.to_str().expect("a path");
    for format in [
        "jsonpath={.causes[*].code}",
        "custom-columns=CODE:.code",
        "sarif",
    ] {
        let run = diagnose(&["-o", format, "--output-file", file]);
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(0), ""),
            "{}",
            run.stderr
        );
        assert_eq!(content(&path), diagnose(&["-o", format]).stdout);
    }
    let run = diagnose(&["-o", "name", "--output-file", "-"]);
    assert_eq!(run.stdout, "configmap/web-config\n");
    assert_eq!(run.stderr, "");
}

#[test]
fn causes_are_cut_off_for_the_format_that_wants_it_only() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("r.json");
    let run = run(&[
        "diagnose",
        "--demo",
        "--max-causes=1",
        "-o",
        &format!("json={}", path.display()),
        "-o",
        "human",
    ]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(
        run.stdout.contains("--max-causes 0 shows all"),
        "{}",
        run.stdout
    );
    let report: Value = serde_json::from_str(&content(&path)).expect("a report");
    assert_eq!(report["causes"].as_array().map(Vec::len), Some(1));
    assert!(report["summary"]["causes"].as_u64() > Some(1));
}

#[test]
fn a_run_without_an_answer_leaves_what_was_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("r.json");
    std::fs::write(&path, "before").expect("a file");
    let output = format!("json={}", path.display());
    let run = run(&["diagnose", "--from", "/nonexistent", "-o", &output]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(content(&path), "before");
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1);
}

#[test]
fn lists_go_to_files_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("analyzers.json");
    let output = format!("json={}", path.display());
    let run = run(&["analyzers", "CFG001", "-o", &output, "-o", "name"]);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "analyzer/CFG001\n")
    );
    let list: Value = serde_json::from_str(&content(&path)).expect("a list");
    assert_eq!(list["items"][0]["code"], "CFG001");
}

#[test]
fn no_output_before_the_verb_is_lost_without_a_word() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("r.json");
    let output = format!("json={}", path.display());
    let both = run(&["-o", &output, "diagnose", "--from", SHOP, "-o", "name"]);
    assert_eq!((both.status, both.stdout.as_str()), (Some(2), ""));
    assert!(
        both.stderr.contains("-o stands before and after the verb"),
        "{}",
        both.stderr
    );
    let before = run(&["-o", &output, "-o", "name", "diagnose", "--from", SHOP]);
    assert_eq!(
        (before.status, before.stdout.as_str()),
        (Some(0), "configmap/web-config\n"),
        "{}",
        before.stderr
    );
    assert!(path.exists());
}
