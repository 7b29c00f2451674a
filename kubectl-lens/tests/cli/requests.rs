//! What is asked of the API server, and how fast.

use std::time::{Duration, Instant};

use crate::api_server::{ApiServer, kubeconfig};
use crate::harness::{SHOP, file, run};

fn config(server: &ApiServer) -> (tempfile::TempDir, String) {
    let (dir, path) = file(
        "config",
        kubeconfig(&[("prod", &server.address)]).as_bytes(),
    );
    (dir, path.to_str().expect("a path").to_owned())
}

#[test]
fn what_is_explained_is_what_is_asked() {
    let server = ApiServer::start();
    let (_dir, config) = config(&server);
    let flags = [
        "--kubeconfig",
        &config,
        "-o",
        "jsonpath={range .items[*]}{.method} {.path}|{end}",
    ];
    let explained = run(&[&["diagnose", "-A", "--explain-requests"], &flags[..]].concat());
    assert_eq!(explained.status, Some(0), "{}", explained.stderr);
    let mut before = server.asked();
    before.sort();
    assert_eq!(before, ["GET /apis", "GET /version"]);
    let mut planned: Vec<String> = explained
        .stdout
        .split('|')
        .filter(|line| !line.is_empty() && !line.contains("/endpoints?"))
        .map(ToOwned::to_owned)
        .collect();
    let run = run(&["diagnose", "-A", "--no-logs", "--kubeconfig", &config]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let mut asked = server.asked().split_off(2);
    asked.sort();
    planned.sort();
    assert_eq!(planned, asked);
}

#[test]
fn one_namespace_is_explained_as_one_namespace() {
    let server = ApiServer::start();
    let (_dir, config) = config(&server);
    let explained = run(&[
        "diagnose",
        "--explain-requests",
        "--kubeconfig",
        &config,
        "-o",
        "table",
    ]);
    assert!(
        explained
            .stdout
            .contains("/api/v1/namespaces/shop/pods?resourceVersion=0"),
        "{}",
        explained.stdout
    );
    assert!(
        explained.stdout.contains("metadata only"),
        "{}",
        explained.stdout
    );
    assert!(
        explained.stderr.contains(" requests; then"),
        "{}",
        explained.stderr
    );
}

#[test]
fn requests_are_as_slow_as_asked_for() {
    let server = ApiServer::start();
    let (_dir, config) = config(&server);
    let begin = Instant::now();
    let run = run(&[
        "diagnose",
        "-A",
        "--no-logs",
        "--qps",
        "40",
        "--kubeconfig",
        &config,
    ]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let asked = u32::try_from(server.asked().len()).expect("a few");
    assert!(
        begin.elapsed() >= Duration::from_secs(1) * (asked - 1) / 40,
        "{asked} in {:?}",
        begin.elapsed()
    );
}

#[test]
fn what_asks_nothing_explains_nothing() {
    for words in [
        ["diagnose", "--from", SHOP, "--explain-requests"].as_slice(),
        &["diagnose", "--demo", "--explain-requests"],
        &["diagnose", "--demo", "--qps", "0"],
        &["diagnose", "--demo", "--qps", "many"],
    ] {
        let refused = run(words);
        assert_eq!(
            (refused.status, refused.stdout.as_str()),
            (Some(2), ""),
            "{words:?}"
        );
    }
}
