//! Rule packs: their tests, and what they find.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Run, SHOP, file, run};

const PACKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/rules");

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect(&run.stderr)
}

#[test]
fn every_example_of_the_packs_in_the_book_does_what_it_says() {
    let run = run(&["rules", "test", PACKS]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains(" examples, 0 failed"), "{}", run.stderr);
    let packs = std::fs::read_dir(Path::new(PACKS)).expect("packs").count();
    assert!(packs >= 2);
}

const PACK: &str = "
apiVersion: kubelens.dev/v1alpha1
kind: RulePack
metadata: {name: test}
rules:
- code: TST001
  name: no-termination-message-policy
  description: A field that no analyzer reads.
  match: [{apiVersion: apps/v1, kind: Deployment}]
  when: '!has(object.spec.revisionHistoryLimit)'
  severity: warning
  message: '{{ object.metadata.name }} keeps ten revisions'
  evidence: [spec.revisionHistoryLimit]
  examples:
    fires: ['{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: b}}']
    silent: ['{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: b}, spec: {revisionHistoryLimit: 2}}']
";

#[test]
fn a_rule_is_an_analyzer_like_any_other() {
    let (_dir, path) = file("pack.yaml", PACK.as_bytes());
    let pack = path.to_str().expect("a path");
    let found = run(&["diagnose", "--from", SHOP, "--rules", pack, "-o", "json"]);
    let report = json(&found);
    let causes = report["causes"].as_array().expect("causes");
    let cause = causes
        .iter()
        .find(|cause| cause["code"] == "TST001")
        .unwrap_or_else(|| panic!("{}", found.stdout));
    assert_eq!(cause["subject"]["name"], "web");
    assert_eq!(cause["evidence"][0]["value"], "not set");
    let only = run(&[
        "diagnose", "--from", SHOP, "--rules", pack, "--only", "TST*", "-o", "json",
    ]);
    let only = json(&only);
    let codes: Vec<_> = only["causes"]
        .as_array()
        .expect("causes")
        .iter()
        .map(|cause| &cause["code"])
        .collect();
    assert_eq!(codes, ["TST001", "TST001"], "a Deployment each");
    let without = run(&[
        "diagnose", "--from", SHOP, "--rules", pack, "--skip", "TST001", "-o", "json",
    ]);
    assert!(!without.stdout.contains("TST001"), "{}", without.stdout);
}

#[test]
fn an_example_that_does_not_do_what_it_says_fails_the_test() {
    let wrong = PACK.replace("fires: ['", "fires: ['{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: b}, spec: {revisionHistoryLimit: 2}}', '");
    let (_dir, path) = file("pack.yaml", wrong.as_bytes());
    let run = run(&["rules", "test", path.to_str().expect("a path")]);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    assert!(
        run.stdout.contains("FAILED: it stays silent"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("3 examples, 1 failed"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_pack_that_makes_no_sense_is_told_with_its_place() {
    let wrong = PACK.replace("when: '!has(object", "when: '!has(obejct");
    let (_dir, path) = file("pack.yaml", wrong.as_bytes());
    let pack = path.to_str().expect("a path");
    for words in [
        vec!["rules", "test", pack],
        vec!["rules", "list", "--rules", pack],
        vec!["diagnose", "--from", SHOP, "--rules", pack],
    ] {
        let run = run(&words);
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(2), ""),
            "{words:?}"
        );
        let expected = "pack.yaml:10:9: unknown name `obejct`; did you mean object?";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn a_saved_snapshot_lacks_fields_so_rules_are_silent_and_say_why() {
    let (dir, path) = file("pack.yaml", PACK.as_bytes());
    let saved = dir.path().join("saved.tgz");
    let saved = saved.to_str().expect("a path");
    let save = run(&["snapshot", "save", saved, "--from", SHOP]);
    assert_eq!(save.status, Some(0), "{}", save.stderr);
    let pack = path.to_str().expect("a path");
    let run = run(&[
        "diagnose", "--from", saved, "--rules", pack, "--only", "TST001", "-o", "json",
    ]);
    let report = json(&run);
    assert_eq!(report["summary"]["causes"], 0, "{}", run.stdout);
    assert_eq!(report["notes"][0]["kind"], "ruleStopped");
}

#[test]
fn rules_of_a_pack_are_listed_and_explained() {
    let (_dir, path) = file("pack.yaml", PACK.as_bytes());
    let pack = path.to_str().expect("a path");
    let listed = run(&["analyzers", "TST001", "--rules", pack, "-o", "name"]);
    assert_eq!(listed.stdout, "analyzer/TST001\n", "{}", listed.stderr);
    let page = run(&["explain", "tst001", "--rules", pack]);
    assert!(
        page.stdout
            .starts_with("TST001  no-termination-message-policy")
            && page.stdout.contains("A field that no analyzer reads"),
        "{}{}",
        page.stdout,
        page.stderr
    );
    let unknown = run(&["explain", "tst001"]);
    assert_ne!(unknown.status, Some(0), "{}", unknown.stdout);
}

#[test]
fn a_snapshot_that_was_saved_with_rules_answers_them_and_holds_no_secret() {
    let (dir, pack) = file("pack.yaml", PACK.as_bytes());
    let pack = pack.to_str().expect("a path");
    let cluster = dir.path().join("cluster.yaml");
    std::fs::write(
        &cluster,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"password\":\"hunter2\"}'}}\nspec: {template: {spec: {containers: [{name: web, env: [{name: DB_PASSWORD, value: hunter2}]}]}}}\n",
    )
    .expect("a file");
    let cluster = cluster.to_str().expect("a path");
    let saved = |name: &str, more: &[&str]| {
        let to = dir.path().join(name).display().to_string();
        let words = ["snapshot", "save", &to, "--from", cluster];
        let run = run(&[&words[..], more].concat());
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        to
    };
    let ask = |from: &str| {
        json(&run(&[
            "diagnose", "--from", from, "--rules", pack, "--only", "TST001", "-o", "json",
        ]))
    };
    let live = ask(cluster);
    let with = saved("with.tar.gz", &["--rules", pack]);
    let answered = ask(&with);
    assert_eq!(answered["causes"], live["causes"]);
    assert_eq!(answered["causes"][0]["code"], "TST001");
    assert_eq!(answered["notes"], live["notes"]);

    let without = ask(&saved("without.tar.gz", &[]));
    assert_eq!(without["causes"].as_array().map(Vec::len), Some(0));
    let notes = without["notes"].to_string();
    assert!(notes.contains("snapshot save --rules"), "{notes}");

    let mut text = String::new();
    let packed = std::fs::File::open(&with).expect("a file");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut text)
        .expect("text");
    assert!(!text.contains("hunter2"), "a secret is in the snapshot");
    let both = run(&[
        "snapshot",
        "save",
        "x.tgz",
        "--from",
        cluster,
        "--rules",
        pack,
        "--anonymize",
    ]);
    assert_ne!(both.status, Some(0), "{}", both.stdout);
}
