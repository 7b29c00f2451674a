//! `snapshot`: what is saved is what is read back.

use crate::api_server::{ApiServer, kubeconfig};
use crate::harness::{SHOP, file, run};

#[test]
fn a_saved_picture_gives_the_same_causes() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("shop.tar.gz");
    let path = path.to_str().expect("a path");
    let saved = run(&["snapshot", "save", path, "--from", SHOP]);
    assert_eq!(
        (saved.status, saved.stdout.as_str()),
        (Some(0), ""),
        "{}",
        saved.stderr
    );
    assert!(
        saved.stderr.starts_with("saved 7 objects to "),
        "{}",
        saved.stderr
    );

    let causes = ["-o", "jsonpath={.takenAt} {.causes} {.coverage}"];
    let before = run(&[&["diagnose", "--from", SHOP], &causes[..]].concat());
    let after = run(&[&["diagnose", "--from", path], &causes[..]].concat());
    assert_eq!(after.status, Some(0), "{}", after.stderr);
    assert_eq!(after.stdout, before.stdout);

    let again = run(&["snapshot", "save", path, "--from", SHOP]);
    assert_eq!(again.status, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(
        run(&["snapshot", "save", path, "--force", "--from", SHOP]).status,
        Some(0)
    );
}

#[test]
fn what_a_picture_holds_is_shown_by_kind() {
    let shown = run(&[
        "snapshot",
        "show",
        SHOP,
        "-o",
        "custom-columns=KIND:.kind,N:.objects,STATE:.state",
    ]);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    assert!(
        shown.stdout.lines().any(|line| line.split_whitespace().eq([
            "Deployment",
            "2",
            "complete"
        ])),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_recording_of_a_live_cluster_gives_the_causes_that_it_has() {
    let server = ApiServer::start();
    let (_dir, config) = file(
        "config",
        kubeconfig(&[("prod", &server.address)]).as_bytes(),
    );
    let config = config.to_str().expect("a path");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("prod.tar.gz");
    let path = path.to_str().expect("a path");
    let causes = ["-o", "jsonpath={.takenAt} {.causes} {.summary} {.coverage}"];
    let live = run(&[&["diagnose", "-A", "--kubeconfig", config], &causes[..]].concat());
    assert!(
        live.stdout.contains("CFG001"),
        "{}{}",
        live.stdout,
        live.stderr
    );
    let saved = run(&["snapshot", "save", path, "-A", "--kubeconfig", config]);
    assert_eq!(saved.status, Some(0), "{}", saved.stderr);
    let recorded = run(&[&["diagnose", "--from", path], &causes[..]].concat());
    assert_eq!(recorded.stdout, live.stdout, "{}", recorded.stderr);
}

/// Codes, severities, and how much hangs together, which is all that is left of a cause without its names.
const STRUCTURE: &str = "jsonpath={range .causes[*]}{.code} {.severity} {.subject.kind} {.affected[*].kind} {.chain[*].relation}\n{end}";

fn structure(from: &[&str]) -> Vec<String> {
    let run = run(&[&["diagnose"], from, &["-o", STRUCTURE]].concat());
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let mut lines: Vec<String> = run.stdout.lines().map(ToOwned::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn without_its_names_a_picture_has_the_same_causes() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, from) in [("shop", ["--from", SHOP].as_slice()), ("demo", &["--demo"])] {
        let path = dir.path().join(format!("{name}.tar.gz"));
        let path = path.to_str().expect("a path");
        let words = [
            "snapshot",
            "save",
            path,
            "--anonymize",
            "--anonymize-key",
            "a word",
        ];
        let saved = run(&[&words[..], from].concat());
        assert_eq!(saved.status, Some(0), "{}", saved.stderr);
        assert_eq!(structure(&["--from", path]), structure(from), "{name}");
    }
    let path = dir.path().join("shop.tar.gz");
    let report = run(&[
        "diagnose",
        "--from",
        path.to_str().expect("a path"),
        "-o",
        "json",
    ]);
    for name in ["web", "shop", "example", "redis"] {
        let said = report
            .stdout
            .lines()
            .find(|line| line.contains(name) && !line.contains("\"name\": \"shop.tar.gz\""));
        assert_eq!(said, None, "{name}");
    }
}

#[test]
fn the_same_key_gives_the_same_words_and_no_key_new_ones() {
    let dir = tempfile::tempdir().expect("a folder");
    let save = |file: &str, key: &[&str]| {
        let path = dir.path().join(file);
        let words = [
            "snapshot",
            "save",
            path.to_str().expect("a path"),
            "--from",
            SHOP,
            "--anonymize",
        ];
        let saved = run(&[&words[..], key].concat());
        assert_eq!(saved.status, Some(0), "{}", saved.stderr);
        std::fs::read(path).expect("the archive")
    };
    let key = ["--anonymize-key", "k"];
    assert_eq!(save("a.tgz", &key), save("b.tgz", &key));
    assert_ne!(save("c.tgz", &[]), save("d.tgz", &[]));
    for (words, told) in [
        (["--anonymize-key", "k"].as_slice(), "--anonymize"),
        (
            &["--anonymize", "--anonymize-key", ""],
            "anybody could guess",
        ),
    ] {
        let refused = run(&[&["snapshot", "save", "/tmp/x.tgz", "--from", SHOP], words].concat());
        assert_eq!(refused.status, Some(2));
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
}
