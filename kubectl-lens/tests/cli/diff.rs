//! `diff` and `--baseline`: what is new, fixed and worse.

use crate::harness::{SHOP, file, run};

/// The shop's report, in a folder that lives as long as the first value.
fn report() -> (tempfile::TempDir, String) {
    let json = run(&["diagnose", "--from", SHOP, "-o", "json"]);
    assert_eq!(json.status, Some(0), "{}", json.stderr);
    let (dir, path) = file("shop.json", json.stdout.as_bytes());
    (dir, path.to_str().expect("a path").to_owned())
}

/// The shop with the ConfigMap that its Deployment asks for, and a Deployment that asks for another.
fn repaired() -> (tempfile::TempDir, String) {
    let shop = std::fs::read_to_string(SHOP).expect("the shop");
    let repaired = shop
        .replace("{name: web-conf, namespace", "{name: web-config, namespace")
        .replace(
            "configMapRef: {name: web-config}",
            "configMapRef: {name: web-settings}",
        )
        .replace("configmap \"web-config\"", "configmap \"web-settings\"");
    let (dir, path) = file("repaired.yaml", repaired.as_bytes());
    (dir, path.to_str().expect("a path").to_owned())
}

#[test]
fn a_report_compares_with_itself_as_ongoing() {
    let (_dir, path) = report();
    let diff = run(&[
        "diff",
        &path,
        SHOP,
        "-o",
        "jsonpath={.changes[*].state} {.kind}",
    ]);
    assert_eq!(
        (diff.status, diff.stdout.as_str()),
        (Some(0), "ongoing ReportDiff"),
        "{}",
        diff.stderr
    );
}

#[test]
fn another_fault_is_new_and_the_old_one_fixed() {
    let (_report, before) = report();
    let (_dir, after) = repaired();
    let states = "jsonpath={range .changes[*]}{.state} {.cause.subject.name};{end}";
    let diff = run(&["diff", &before, &after, "-o", states]);
    assert_eq!(
        (diff.status, diff.stdout.as_str()),
        (Some(0), "new web-settings;fixed web-config;"),
        "{}",
        diff.stderr
    );
    for (limit, status) in [("new:warning", 1), ("new:critical", 1), ("critical", 1)] {
        let diff = run(&["diff", &before, &after, "--fail-on", limit]);
        assert_eq!(diff.status, Some(status), "{limit}: {}", diff.stderr);
    }
    let same = run(&["diff", &before, SHOP, "--fail-on", "new:info"]);
    assert_eq!(same.status, Some(0), "{}", same.stdout);
}

#[test]
fn a_baseline_keeps_known_faults_from_failing() {
    let (_report, before) = report();
    let (_dir, after) = repaired();
    let known = run(&[
        "diagnose",
        "--from",
        SHOP,
        "--baseline",
        &before,
        "--fail-on",
        "new:warning",
    ]);
    assert_eq!(known.status, Some(0), "{}", known.stdout);
    assert!(known.stdout.contains("ONGOING  1"), "{}", known.stdout);
    let new = run(&[
        "diagnose",
        "--from",
        &after,
        "--baseline",
        &before,
        "--fail-on",
        "new:warning",
    ]);
    assert_eq!(new.status, Some(1), "{}", new.stdout);
    assert!(
        new.stdout.contains("NEW  1") && new.stdout.contains("FIXED  1"),
        "{}",
        new.stdout
    );
    let focused = run(&[
        "diagnose",
        "deploy/redis",
        "--from",
        &after,
        "--baseline",
        &before,
        "--fail-on",
        "new:info",
    ]);
    assert_eq!(focused.status, Some(0), "{}", focused.stdout);
    let sarif = run(&[
        "diagnose",
        "--from",
        &after,
        "--baseline",
        &before,
        "-o",
        "sarif",
    ]);
    assert!(
        sarif.stdout.contains("\"version\": \"2.1.0\""),
        "{}",
        sarif.stdout
    );
}

#[test]
fn a_namespace_is_compared_with_the_same_namespace() {
    let (_report, before) = report();
    let same = run(&[
        "diagnose",
        "-n",
        "shop",
        "--from",
        SHOP,
        "--baseline",
        &before,
        "-o",
        "jsonpath={.changes[*].state}{.notes}",
    ]);
    assert_eq!(
        (same.status, same.stdout.as_str()),
        (Some(0), "ongoing[]"),
        "{}",
        same.stderr
    );
    let other = run(&[
        "diff",
        &before,
        &before,
        "-n",
        "blog",
        "-o",
        "jsonpath={.changes}",
    ]);
    assert_eq!(
        (other.status, other.stdout.as_str()),
        (Some(0), "[]"),
        "{}",
        other.stderr
    );
}

#[test]
fn two_snapshots_tell_what_recovered_in_between() {
    let pod = |restarts: u32, time: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: shop, name: cart, uid: p, creationTimestamp: '2026-11-23T00:00:00Z'}}\nspec: {{nodeName: n, containers: [{{name: cart, image: 'x:1'}}]}}\nstatus:\n  phase: Running\n  conditions: [{{type: Ready, status: 'True', lastTransitionTime: '{time}'}}]\n  containerStatuses:\n  - {{name: cart, ready: true, restartCount: {restarts}, state: {{running: {{startedAt: '{time}'}}}}, lastState: {{terminated: {{exitCode: 137, reason: OOMKilled, finishedAt: '{time}'}}}}}}\n"
        )
    };
    let (_a, older) = file("older.yaml", pod(0, "2026-11-23T10:00:00Z").as_bytes());
    let (_b, newer) = file("newer.yaml", pod(2, "2026-11-23T11:00:00Z").as_bytes());
    let words = |path: &std::path::Path| path.to_str().expect("a path").to_owned();
    let diff = run(&[
        "diff",
        &words(&older),
        &words(&newer),
        "-o",
        "jsonpath={.recovered[*].restarts}",
    ]);
    assert_eq!(
        (diff.status, diff.stdout.as_str()),
        (Some(0), "2"),
        "{}",
        diff.stderr
    );
}

#[test]
fn what_is_no_baseline_is_refused() {
    let (_dir, path) = report();
    let cut = run(&["diagnose", "--demo", "-o", "json", "--max-causes", "1"]);
    let (_cut, cut) = file("cut.json", cut.stdout.as_bytes());
    let (_other, other) = file(
        "x.json",
        b"{\"apiVersion\": \"kubelens.dev/v2\", \"kind\": \"Report\"}",
    );
    let (_broken, broken) = file(
        "y.json",
        b"{\"apiVersion\": \"kubelens.dev/v1alpha1\", \"kind\": \"Report\", \"causes\": 3}",
    );
    for (file, told) in [
        (cut.to_str().expect("a path"), "was cut and holds 1 of "),
        (
            other.to_str().expect("a path"),
            "not a Report of kubelens.dev/v1alpha1",
        ),
        (broken.to_str().expect("a path"), "is not a whole report"),
        ("/nonexistent/report.json", "/nonexistent/report.json"),
    ] {
        for words in [
            vec!["diff", file, &path],
            vec!["diagnose", "--demo", "--baseline", file],
        ] {
            let refused = run(&words);
            assert_eq!(
                (refused.status, refused.stdout.as_str()),
                (Some(2), ""),
                "{words:?}"
            );
            assert!(
                refused.stderr.starts_with("error: ") && refused.stderr.contains(told),
                "{}",
                refused.stderr
            );
        }
    }
    let refused = run(&["diagnose", "--demo", "--fail-on", "new:warning"]);
    assert_eq!(refused.status, Some(2));
    assert!(
        refused.stderr.contains("--baseline FILE"),
        "{}",
        refused.stderr
    );
    let refused = run(&["diff", &path, &path, "-o", "html"]);
    assert_eq!((refused.status, refused.stdout.as_str()), (Some(2), ""));
    let refused = run(&["diff", &path, &path, "--fail-on", "worse"]);
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("new:warning"), "{}", refused.stderr);
}
