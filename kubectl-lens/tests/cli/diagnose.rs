//! `diagnose` over a recorded cluster.

use serde_json::Value;

use crate::harness::{Run, SHOP, file, lens, run};

fn diagnose(words: &[&str]) -> Run {
    run(&[&["diagnose", "--from", SHOP], words].concat())
}

fn codes(words: &[&str]) -> Vec<String> {
    let run = diagnose(
        &[
            words,
            &[
                "-o",
                "jsonpath={range .causes[*]}{.code} {.subject.name}{\"\\n\"}{end}",
            ],
        ]
        .concat(),
    );
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn the_missing_config_map_is_the_one_cause() {
    let run = diagnose(&["-o", "json"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&run.stdout).expect("a report and nothing else");
    assert_eq!(report["apiVersion"], "kubelens.dev/v1alpha1");
    let causes = report["causes"].as_array().expect("causes");
    assert_eq!(causes.len(), 1, "{causes:#?}");
    assert_eq!(
        (&causes[0]["code"], &causes[0]["subject"]["name"]),
        (&"CFG001".into(), &"web-config".into())
    );
    assert_eq!(report["takenAt"], "2026-11-23T11:59:40Z");
}

#[test]
fn two_runs_give_the_same_bytes() {
    assert_eq!(
        diagnose(&["-o", "json"]).stdout,
        diagnose(&["-o", "json"]).stdout
    );
    assert_eq!(diagnose(&[]).stdout, diagnose(&[]).stdout);
}

#[test]
fn people_read_title_proof_and_fix() {
    let run = diagnose(&[]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    for part in [
        "1  CRITICAL",
        "ConfigMap shop/web-config",
        "CFG001",
        "Proof",
        "web-conf",
        "Chain",
        "Fix",
        "Coverage",
        "1 critical",
    ] {
        assert!(
            run.stdout.contains(part),
            "{part} is not in\n{}",
            run.stdout
        );
    }
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        run.stdout
    );
}

#[test]
fn fail_on_decides_between_0_and_1() {
    assert_eq!(diagnose(&["--fail-on", "critical"]).status, Some(1));
    assert_eq!(
        diagnose(&["--only", "IMG", "--fail-on", "critical"]).status,
        Some(0)
    );
    let hidden = diagnose(&["--fail-on", "warning", "--max-causes", "0", "deploy/redis"]);
    assert_eq!(hidden.status, Some(0), "{}", hidden.stdout);
}

#[test]
fn a_workload_a_manifest_a_label_and_a_namespace_narrow_the_question() {
    let cause = vec!["CFG001 web-config".to_owned()];
    assert_eq!(codes(&["deploy/web"]), cause);
    assert_eq!(codes(&["deployment.apps", "web", "-n", "shop"]), cause);
    assert_eq!(codes(&["pod/web-6d4-x2x"]), cause);
    assert_eq!(codes(&["-l", "app=web"]), cause);
    assert_eq!(
        codes(&["--field-selector", "spec.nodeName=worker-1"]),
        cause
    );
    assert_eq!(codes(&["-f", SHOP]), cause);
    assert!(codes(&["deploy/redis"]).is_empty());
    assert!(codes(&["-l", "app=redis"]).is_empty());
    assert!(codes(&["-A", "--only", "image-*"]).is_empty());
}

#[test]
fn an_object_that_is_not_there_names_the_nearest() {
    for (words, way_out) in [
        (vec!["deploy/wbe"], "did you mean Deployment shop/web?"),
        (vec!["deploymnt/web"], "did you mean Deployment?"),
        (vec!["-l", "app=wep"], "did you mean app=web"),
    ] {
        let run = diagnose(&words);
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(2), ""),
            "{words:?}"
        );
        assert!(run.stderr.contains(way_out), "{}", run.stderr);
    }
}

#[test]
fn a_manifest_on_standard_input_is_read() {
    use std::io::Write;
    let mut child = lens(&["diagnose", "-f", "-", "--from", SHOP, "-o", "name"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a start");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(b"kind: Deployment\nmetadata: {name: web}\n")
        .expect("a manifest");
    drop(stdin);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "configmap/web-config\n"
    );
}

#[test]
fn the_instant_to_judge_from_can_be_given() {
    let run = diagnose(&["--now", "2026-11-24T00:00:00Z", "-o", "jsonpath={.takenAt}"]);
    assert_eq!(run.stdout, "2026-11-24T00:00:00Z");
}

#[test]
fn what_cannot_be_read_is_told_in_one_line_and_ends_with_2() {
    let long: &[(&str, &[u8])] = &[
        ("empty.yaml", b""),
        ("binary.yaml", b"\x7fELF\x02\x01\x01\0\0\0\0\0\xff\xfe"),
        ("tabs.yaml", b"apiVersion: v1\n\tkind: Pod\n"),
        (
            "truncated.json",
            b"{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"na",
        ),
        ("prose.txt", b"nothing to see here\n"),
        ("truncated.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0"),
    ];
    for (name, content) in long {
        let (_dir, path) = file(name, content);
        let run = run(&["diagnose", "--from", path.to_str().expect("a path")]);
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(2), ""),
            "{name}: {}",
            run.stderr
        );
        assert!(
            run.stderr.lines().any(|line| line.starts_with("error: ")),
            "{name}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
        assert!(!run.stderr.contains("panicked"), "{name}: {}", run.stderr);
    }
    let missing = run(&["diagnose", "--from", "/nonexistent/dump"]);
    assert_eq!((missing.status, missing.stdout.as_str()), (Some(2), ""));
    assert!(
        missing
            .stderr
            .starts_with("error: cannot open /nonexistent/dump"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_broken_document_does_not_lose_the_others() {
    let mut content = std::fs::read(SHOP).expect("the fixture");
    content.extend_from_slice(b"\n---\nkind: Pod\nmetadata: {name: a\n");
    let (_dir, path) = file("shop.yaml", &content);
    let run = run(&[
        "diagnose",
        "--from",
        path.to_str().expect("a path"),
        "-o",
        "name",
    ]);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "configmap/web-config\n"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.starts_with("warning: ") && run.stderr.contains("shop.yaml:"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_a_provider_says_of_its_cluster_is_read_beside_it() {
    let document = r#"{"cluster": {"name": "prod", "arn": "a", "health": {"issues": [
        {"code": "Ec2SubnetNotFound", "message": "one or more subnets are gone", "resourceIds": ["subnet-1"]}]}}}"#;
    let (_dir, path) = file("health.json", document.as_bytes());
    let path = path.to_str().expect("a path");
    let found = run(&[
        "diagnose",
        "--from",
        SHOP,
        "--provider-health",
        path,
        "--only",
        "OPS099",
        "-o",
        "jsonpath={.causes[*].title}",
    ]);
    assert_eq!(
        found.stdout,
        "The provider reports Ec2SubnetNotFound of cluster prod: one or more subnets are gone",
        "{}",
        found.stderr
    );
    let (_dir, other) = file("pod.json", b"{\"kind\": \"Pod\"}");
    let other = other.to_str().expect("a path");
    let refused = run(&["diagnose", "--from", SHOP, "--provider-health", other]);
    assert_eq!(refused.status, Some(2), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("pod.json") && refused.stderr.contains("describe-cluster"),
        "{}",
        refused.stderr
    );
}
