//! `check`: manifests before they are applied.

use std::io::Write;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::harness::{SHOP, file, finish, lens, run};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: cart}}\n  template:\n    metadata: {labels: {app: cart}}\n    spec:\n      containers:\n      - {name: cart, image: 'registry.example.com/cart:1', envFrom: [{configMapRef: {name: cart-conf}}]}\n";

fn manifest(text: &str) -> (tempfile::TempDir, String) {
    let (dir, path) = file("cart.yaml", text.as_bytes());
    (dir, path.to_str().expect("a path").to_owned())
}

#[test]
fn alone_a_manifest_calls_nothing_missing() {
    let (_dir, path) = manifest(WEB);
    let alone = run(&["check", "-f", &path, "--fail-on", "info,unknown"]);
    assert_eq!(alone.status, Some(0), "{}{}", alone.stdout, alone.stderr);
    assert!(
        alone
            .stdout
            .contains("Nothing speaks against the manifests"),
        "{}",
        alone.stdout
    );
}

#[test]
fn against_a_recording_what_is_missing_there_is_told() {
    let (_dir, path) = manifest(WEB);
    let words = [
        "check",
        "-f",
        &path,
        "-n",
        "shop",
        "--against",
        SHOP,
        "--fail-on",
        "warning",
        "-o",
        "jsonpath={range .causes[*]}{.code} {.subject.namespace}/{.subject.name}{end}",
    ];
    let check = run(&words);
    assert_eq!(
        (check.status, check.stdout.as_str()),
        (Some(1), "CFG001 shop/cart-conf"),
        "{}",
        check.stderr
    );
    let brings =
        format!("{WEB}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cart-conf}}\n");
    let (_dir, path) = manifest(&brings);
    let check = run(&[
        "check",
        "-f",
        &path,
        "-n",
        "shop",
        "--against",
        SHOP,
        "--fail-on",
        "warning",
    ]);
    assert_eq!(check.status, Some(0), "{}", check.stdout);
}

#[test]
fn what_a_template_engine_prints_is_read_from_standard_input_and_a_folder_recursively() {
    let mut child = lens(&["check", "-f", "-", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let rendered = format!(
        "---\n# Source: cart/templates/empty.yaml\n---\n# Source: cart/templates/web.yaml\n{WEB}"
    );
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(rendered.as_bytes())
        .expect("written");
    let piped = finish(child.wait_with_output().expect("an end"));
    assert_eq!(piped.status, Some(0), "{}", piped.stderr);
    let report: serde_json::Value = serde_json::from_str(&piped.stdout).expect("a report");
    assert_eq!(report["summary"]["objects"], 1);
    assert_eq!(report["summary"]["healthScore"], serde_json::Value::Null);

    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("sub")).expect("a folder");
    std::fs::write(
        dir.path().join("sub/web.yml"),
        WEB.replace("cart:1", "Cart:1"),
    )
    .expect("a file");
    std::fs::write(dir.path().join("README.md"), "no manifest").expect("a file");
    let folder = run(&[
        "check",
        "-f",
        dir.path().to_str().expect("a path"),
        "-o",
        "jsonpath={.causes[*].code}",
    ]);
    assert_eq!(
        (folder.status, folder.stdout.as_str()),
        (Some(0), "IMG001"),
        "{}",
        folder.stderr
    );
}

#[test]
fn files_of_a_folder_that_are_no_manifests_are_left_out_and_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().to_str().expect("a path");
    for (name, text) in [
        (
            "kustomization.yaml",
            "kind: Kustomization\nresources: [web.yaml]\n",
        ),
        ("values.yaml", "replicas: 3\n"),
        ("web.yaml", WEB),
    ] {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    let check = run(&["check", "-f", path, "-o", "jsonpath={.summary.objects}"]);
    assert_eq!((check.status, check.stdout.as_str()), (Some(0), "1"));
    let build = format!("kubectl kustomize {path} | kubectl lens check -f -");
    assert!(check.stderr.contains(&build), "{}", check.stderr);
    let values = format!("{path}/values.yaml holds no Kubernetes object: left out");
    assert!(check.stderr.contains(&values), "{}", check.stderr);

    let page = run(&["check", "-f", path]);
    assert!(page.stdout.starts_with(path), "{}", page.stdout);
    let alone = "Only the manifests themselves were checked";
    assert!(page.stdout.contains(alone), "{}", page.stdout);
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let (_dir, path) = manifest(WEB);
    let (_bad, broken) =
        manifest("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: 3}\n");
    let (_other, other) = manifest("hello: world\n");
    let empty = tempfile::tempdir().expect("a folder");
    let empty = empty.path().to_str().expect("a path");
    for (words, told) in [
        (vec!["check"], "--filename"),
        (
            vec!["check", "-f", "/nonexistent.yaml"],
            "cannot read /nonexistent.yaml",
        ),
        (vec!["check", "-f", &broken], "cart.yaml:"),
        (vec!["check", "-f", &other], "cart.yaml"),
        (vec!["check", "-f", empty], "there is no manifest in"),
        (vec!["check", "-f", "-", "-f", "-"], "given twice"),
        (
            vec!["check", "-f", &path, "-n", "a,b"],
            "-n names 2 namespaces",
        ),
        (
            vec!["check", "-f", &path, "--server-side-dry-run"],
            "--against",
        ),
        (
            vec![
                "check",
                "-f",
                &path,
                "--against",
                SHOP,
                "--server-side-dry-run",
            ],
            "--against live",
        ),
        (
            vec!["check", "-f", &path, "--against", "/nonexistent"],
            "/nonexistent",
        ),
        (
            vec!["check", "-f", &path, "--fail-on", "new:warning"],
            "baseline",
        ),
        (vec!["check", "-f", &path, "--against", "live"], "error: "),
    ] {
        let refused = run(&words);
        assert_eq!(
            (refused.status, refused.stdout.as_str()),
            (Some(2), ""),
            "{words:?} {}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains(told),
            "{words:?}: {}",
            refused.stderr
        );
    }
}

/// A pod as `kubectl get -o yaml` prints it, with what became of it.
const ENDED: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: once, uid: p1}\nspec: {containers: [{name: once, image: 'registry.example.com/once:1', envFrom: [{configMapRef: {name: cart-conf}}]}]}\nstatus: {phase: Succeeded, conditions: [{type: Ready, status: 'False', reason: PodCompleted}]}\n";

#[test]
fn a_status_in_a_manifest_is_not_applied_and_not_judged() {
    let (_dir, with) = manifest(ENDED);
    let (_dir2, without) = manifest(ENDED.split("status:").next().expect("a manifest"));
    let codes = |path: &str| {
        let check = run(&[
            "check",
            "-f",
            path,
            "-n",
            "shop",
            "--against",
            SHOP,
            "-o",
            "jsonpath={.causes[*].code}",
        ]);
        assert_eq!(check.status, Some(0), "{}", check.stderr);
        check.stdout
    };
    assert_eq!(codes(&without), "CFG001");
    assert_eq!(
        codes(&with),
        "CFG001",
        "a pod that ended would need nothing"
    );
}

#[test]
fn what_check_prints() {
    let faults = format!(
        "{}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: cart}}\nspec: {{rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: carts, port: {{number: 80}}}}}}}}]}}}}]}}\n",
        WEB.replace("cart:1", "Cart:1")
    );
    let (_dir, path) = manifest(&faults);
    let printed = |format: &str| {
        let check = run(&[
            "check",
            "-f",
            &path,
            "-n",
            "shop",
            "--against",
            SHOP,
            "-o",
            format,
        ]);
        assert_eq!(check.status, Some(0), "{}", check.stderr);
        check.stdout
    };
    assert_snapshot!("check_for_people", printed("human"));
    assert_snapshot!("check_as_a_table", printed("table"));
    assert_snapshot!("check_as_markdown", printed("markdown"));
    let (_dir, good) = manifest(WEB);
    let checked = run(&["check", "-f", &good]).stdout;
    assert_snapshot!("check_of_what_is_good", checked.replace(&good, "cart.yaml"));
}

#[test]
fn what_the_api_server_would_refuse_is_told_without_asking_it() {
    let codes = |text: &str| {
        let (_dir, path) = manifest(text);
        let check = run(&[
            "check",
            "-f",
            &path,
            "-o",
            "jsonpath={range .causes[*]}{.code} {.title}\n{end}",
        ]);
        assert_eq!(check.status, Some(0), "{}", check.stderr);
        check.stdout
    };
    assert_eq!(
        codes(&WEB.replace("envFrom", "envFrm")),
        "CTL034 Deployment default/cart has 1 field that the API does not know: \
         spec.template.spec.containers[0].envFrm: unknown field (did you mean envFrom, env?)\n"
    );
    assert_eq!(
        codes(&WEB.replace("labels: {app: cart}", "labels: {app: carts}")),
        "CTL034 The API server refuses Deployment default/cart: spec.template.metadata.labels: \
         Invalid value: \"app=carts\": `selector` does not match template `labels`\n"
    );
    let mode = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\nspec:\n  containers: [{name: a, image: 'a:1'}]\n  volumes: [{name: a, secret: {secretName: a, defaultMode: 0440}}]\n";
    assert_eq!(codes(mode), "");
    assert!(codes(&mode.replace("image: 'a:1'", "image: 5")).starts_with(
        "CTL034 The API server refuses Pod default/job-*: spec.containers[0].image: invalid type"
    ));
}

#[test]
fn versions_that_no_server_serves_are_told_and_custom_resources_are_left_alone() {
    let messages = |text: &str| {
        let (_dir, path) = manifest(text);
        let run = run(&[
            "check",
            "-f",
            &path,
            "-o",
            "jsonpath={range .causes[*]}{.title}\n{end}",
        ]);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        run.stdout
    };
    for (from, to, expected) in [
        (
            "apps/v1",
            "apps/v2",
            "in version \"apps/v2\" (it is apps/v1)",
        ),
        (
            "apiVersion: apps/v1\n",
            "",
            "apiVersion: Required value: Deployment is of apps/v1",
        ),
    ] {
        let told = messages(&WEB.replace(from, to));
        assert!(told.contains(expected), "{told}");
    }
    let told = messages(&WEB.replace("apps/v1", "apps.example.com/v2"));
    assert_eq!(told, "");
}

#[test]
fn a_manifest_without_an_object_is_named() {
    let (_dir, path) = manifest("# nothing\n---\n");
    let run = run(&["check", "-f", &path]);
    assert_eq!(run.status, Some(2));
    assert!(
        run.stderr.contains("there is no object in") && run.stderr.contains("cart.yaml"),
        "{}",
        run.stderr
    );
}
