//! `settle` over a recorded cluster.

use serde_json::Value;

use crate::harness::{SHOP, file, run};

#[test]
fn a_recording_is_judged_as_of_its_time() {
    let failed = run(&["settle", "deploy/web", "--from", SHOP]);
    assert_eq!((failed.status, failed.stderr.as_str()), (Some(1), ""));
    assert!(
        failed.stdout.starts_with(
            "failed       Deployment shop/web: ConfigMap shop/web-config does not exist"
        ),
        "{}",
        failed.stdout
    );
    assert!(failed.stdout.contains("CFG001"), "{}", failed.stdout);
    let resting = run(&["settle", "deploy/redis", "--from", SHOP]);
    assert_eq!(resting.status, Some(0), "{}", resting.stdout);
    let early = run(&["settle", "deploy/web", "--from", SHOP, "--wedged-for", "2h"]);
    assert_eq!(early.status, Some(2), "{}", early.stdout);
}

#[test]
fn the_verdict_is_a_document_for_programs() {
    let run = run(&["settle", "--from", SHOP, "-o", "json"]);
    let verdict: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(verdict["kind"], "Verdict");
    let schema = include_str!("../../../docs/src/verdict.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator
        .iter_errors(&verdict)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(run.status.map(i64::from), verdict["exitStatus"].as_i64());
    let outcomes: Vec<_> = verdict["targets"]
        .as_array()
        .expect("targets")
        .iter()
        .map(|target| {
            (
                target["object"]["name"].as_str(),
                target["outcome"].as_str(),
            )
        })
        .collect();
    assert!(
        outcomes.contains(&(Some("web"), Some("failed"))),
        "{outcomes:?}"
    );
    assert!(
        outcomes.contains(&(Some("redis"), Some("settled"))),
        "{outcomes:?}"
    );
}

#[test]
fn a_name_that_is_not_there_is_4_and_names_the_nearest() {
    let run = run(&["settle", "deploy/redsi", "--from", SHOP]);
    assert_eq!(run.status, Some(4), "{}", run.stderr);
    assert!(
        run.stderr.contains("did you mean Deployment shop/redis?"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_cannot_run_is_5() {
    for words in [
        &["settle", "--nonsense"][..],
        &["settle", "deploy/web", "--from", "/nonexistent/dump"],
        &["settle", "deploy/web", "--timeout", "soon", "--from", SHOP],
        &["-n", "shop", "settle", "deploy/web"],
        &["settle", "frobnicator/web", "--from", SHOP],
    ] {
        let run = run(words);
        assert_eq!(run.status, Some(5), "{words:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn objects_come_from_a_manifest_too() {
    let manifest = "kind: Deployment\nmetadata: {name: redis, namespace: shop}\n---\nkind: ConfigMap\nmetadata: {name: web-conf, namespace: shop}\n";
    let (_dir, path) = file("app.yaml", manifest.as_bytes());
    let run = run(&[
        "settle",
        "-f",
        path.to_str().expect("a path"),
        "--from",
        SHOP,
    ]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
}

#[test]
fn a_watch_needs_a_cluster_and_one_stream() {
    let no_cluster = run(&["watch"]);
    assert_eq!(no_cluster.status, Some(2), "{}", no_cluster.stderr);
    let formats = run(&["watch", "-o", "sarif"]);
    assert!(formats.stderr.contains("-o ndjson"), "{}", formats.stderr);
}
