//! What users get wrong: one clear line, a way out, exit status 2, and nothing on standard output.

use crate::harness::{SHOP, file, run};

#[track_caller]
fn refused(words: &[&str], line: &str, way_out: &str) {
    let run = run(words);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(2), ""),
        "{}",
        run.stderr
    );
    let first = run.stderr.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("error: ") && first.contains(line),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains(way_out), "{}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn all_namespaces_with_one_namespace() {
    refused(
        &["diagnose", "--demo", "-A", "-n", "shop"],
        "-A asks for all namespaces and -n for shop only",
        "choose one",
    );
    refused(
        &["-n", "shop", "diagnose", "--demo", "-A"],
        "-A asks for all namespaces and -n for shop only",
        "choose one",
    );
}

#[test]
fn an_unknown_analyzer() {
    refused(
        &["diagnose", "--demo", "--only", "CFG0O1"],
        "--only `CFG0O1` names no analyzer",
        "did you mean CFG001",
    );
    refused(
        &["diagnose", "--demo", "--skip", "[x"],
        "--skip `[x` is not a pattern",
        "",
    );
    refused(
        &["explain", "CFG0O1"],
        "no analyzer has the code or the name `CFG0O1`",
        "did you mean CFG001",
    );
    refused(&["analyzers", "xyzzy"], "no analyzer matches `xyzzy`", "");
    refused(
        &["analyzers", "--maps-to", "POP-1109x"],
        "`POP-1109x` is no check of another tool that is known",
        "did you mean POP-1109",
    );
    refused(
        &["analyzers", "--maps-to", "POP-1501"],
        "no analyzer stands for `POP-1501`: To idle",
        "",
    );
}

#[test]
fn a_bad_output_format() {
    refused(
        &["diagnose", "--demo", "-o", "jsno"],
        "-o jsno is not a format",
        "did you mean json?",
    );
    refused(
        &["diagnose", "--demo", "-o", "jsonpath={.a[}"],
        "-o jsonpath: character 5",
        "the template was: {.a[}",
    );
    refused(
        &["diagnose", "--demo", "-o", "custom-columns=A:.a,B"],
        "-o custom-columns: character 6",
        "",
    );
    refused(
        &["diagnose", "--demo", "-o", "jsonpath-file=/nonexistent/t"],
        "cannot read /nonexistent/t",
        "because",
    );
}

#[test]
fn outputs_that_have_no_place_of_their_own() {
    refused(
        &["diagnose", "--demo", "-o", "json", "-o", "yaml=-"],
        "-o json and -o yaml=- both go to standard output",
        "-o FORMAT=FILE",
    );
    refused(
        &["diagnose", "--demo", "-o", "json=x", "-o", "html=./x"],
        "-o json=x and -o html=./x both go to ./x",
        "a file for each",
    );
    refused(
        &["diagnose", "--demo", "-o", "json=x", "--output-file", "y"],
        "-o json=x and --output-file y both name a file",
        "choose one",
    );
    refused(
        &[
            "diagnose",
            "--demo",
            "-o",
            "json",
            "-o",
            "html",
            "--output-file",
            "y",
        ],
        "--output-file is for one output, and there are 2: -o json, -o html",
        "-o FORMAT=FILE",
    );
    refused(
        &["diagnose", "--demo", "-o", "json="],
        "-o json= names no file",
        "-o json=FILE",
    );
    refused(
        &["diagnose", "--demo", "-o", "htm=x"],
        "-o htm is not a format",
        "did you mean html?",
    );
}

/// That `--from` names nothing is told later than that a file cannot be written.
#[test]
fn a_file_that_cannot_be_written_is_refused_before_anything_is_read() {
    let (_dir, file) = file("plain", b"");
    let inside = format!("html={}/r.html", file.display());
    for (output, why) in [
        (
            "html=/nonexistent/r.html",
            "cannot write /nonexistent/r.html: there is no folder",
        ),
        ("html=/", "cannot write /: it is a folder"),
        ("html=new/", "cannot write new/: it is a folder"),
        (inside.as_str(), "there is no folder"),
    ] {
        refused(
            &["diagnose", "--from", "/nonexistent", "-o", output],
            why,
            "",
        );
    }
    refused(
        &[
            "diagnose",
            "--from",
            "/nonexistent",
            "--output-file",
            "/nonexistent/r.txt",
        ],
        "cannot write /nonexistent/r.txt: there is no folder /nonexistent",
        "create it first",
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_is_read_only_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, file) = file("r.json", b"before");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).expect("a mode");
    let output = format!("json={}", file.display());
    refused(
        &["diagnose", "--demo", "-o", &output],
        "it is read-only",
        "",
    );
    assert_eq!(std::fs::read(&file).expect("a file"), b"before");
}

#[test]
fn a_bad_selector_is_refused_before_anything_is_read() {
    for bad in ["a=b=c", "(", "app in web"] {
        refused(
            &["diagnose", "--from", "/nonexistent", "-l", bad],
            &format!("-l: `{bad}` is no requirement"),
            "app=web",
        );
    }
    refused(
        &[
            "diagnose",
            "--from",
            "/nonexistent",
            "--field-selector",
            "spec.nodename=x",
        ],
        "`spec.nodename` is no field",
        "did you mean spec.nodeName?",
    );
}

#[test]
fn a_kind_or_a_name_that_is_like_none() {
    refused(
        &["diagnose", "xyzzy/web", "--demo"],
        "no kind is called `xyzzy`",
        "deploy",
    );
    refused(
        &["why", "quota/xyzzy", "--demo"],
        "there is no quota/xyzzy",
        "there are ResourceQuota",
    );
}

#[test]
fn an_object_that_is_not_named() {
    refused(
        &["why", "deploy"],
        "`deploy` names no object",
        "deploy/NAME",
    );
    refused(
        &["diagnose", "a/b/c", "--demo"],
        "is not KIND/NAME",
        "deploy/web",
    );
}

#[test]
fn a_bad_severity_or_time_is_told_by_its_flag() {
    for words in [
        ["diagnose", "--fail-on", "fatal"],
        ["diagnose", "--now", "yesterday"],
        ["diagnose", "--max-causes", "few"],
    ] {
        let run = run(&words);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        assert!(run.stderr.contains(words[1]), "{}", run.stderr);
    }
    refused(
        &["diagnose", "--request-timeout", "soon"],
        "--request-timeout `soon` is not a time",
        "30s",
    );
    refused(
        &["diagnose", "--now", "2026-11-23T12:00:00Z"],
        "--now is for recorded pictures",
        "--from",
    );
}

#[test]
fn two_sources_at_once() {
    let run = run(&["diagnose", "--demo", "--from", "x"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
}

#[test]
fn a_manifest_that_is_none() {
    let (_dir, path) = file("m.yaml", b"\tkind: [");
    refused(
        &["diagnose", "--demo", "-f", path.to_str().expect("a path")],
        "is not a manifest",
        "because",
    );
    refused(
        &["diagnose", "--demo", "-f", "/nonexistent.yaml"],
        "cannot read /nonexistent.yaml",
        "because",
    );
}

#[test]
fn no_kubeconfig_and_no_cluster() {
    refused(
        &["diagnose"],
        "no cluster to read: there is no kubeconfig",
        "--demo",
    );
    refused(&["why", "deploy/web"], "no cluster to read", "--from PATH");
}

#[test]
fn a_namespace_with_a_typo() {
    refused(
        &["diagnose", "--from", SHOP, "-n", "shpo"],
        "there is no namespace shpo",
        "did you mean shop?",
    );
    let pod = b"kind: Pod\napiVersion: v1\nmetadata: {name: a, namespace: shop}\n";
    let (_dir, path) = file("pod.yaml", pod);
    refused(
        &[
            "diagnose",
            "--from",
            path.to_str().expect("a path"),
            "-n",
            "shpo",
        ],
        "pod.yaml holds nothing of namespace shpo",
        "did you mean shop?",
    );
}

#[test]
fn a_context_that_the_kubeconfig_does_not_have() {
    let config = b"apiVersion: v1\nkind: Config\ncurrent-context: prod\ncontexts:\n- {name: prod, context: {cluster: c, user: u}}\nclusters:\n- {name: c, cluster: {server: 'https://127.0.0.1:1'}}\nusers:\n- {name: u, user: {}}\n";
    let (_dir, path) = file("config", config);
    let path = path.to_str().expect("a path");
    refused(
        &["diagnose", "--kubeconfig", path, "--context", "prd"],
        "the kubeconfig has no context `prd`; it has: prod",
        "kubectl config get-contexts",
    );
    refused(
        &["diagnose", "--kubeconfig", path],
        "https://127.0.0.1:1",
        "try: ",
    );
    refused(
        &["diagnose", "--kubeconfig", "/nonexistent/config"],
        "kubeconfig",
        "try: ",
    );
}

#[test]
fn a_budget_that_is_none_or_that_a_format_cannot_keep() {
    for wrong in ["0", "much", "-1"] {
        let words = format!("--budget={wrong}");
        let run = run(&["diagnose", "--demo", &words]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        assert!(
            run.stderr.contains("is no number of bytes"),
            "{}",
            run.stderr
        );
    }
    refused(
        &["diagnose", "--demo", "--budget", "4k", "-o", "sarif"],
        "--budget is for formats that can be short",
        "-o human",
    );
}

#[test]
fn a_budget_that_nothing_fits_is_told_with_the_one_that_would_do() {
    let budgeted = |budget: &str| {
        let run = run(&["diagnose", "--demo", "-A", "-o", "json", "--budget", budget]);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        run
    };
    let short = budgeted("100");
    let needs = short.stdout.len().to_string();
    assert_eq!(
        short.stderr,
        format!(
            "warning: the shortest answer takes {needs} bytes, and --budget gives 100; --budget {needs} would do\n"
        )
    );
    let enough = budgeted(&needs);
    assert_eq!(
        (enough.stdout, enough.stderr),
        (short.stdout, String::new())
    );
    assert!(budgeted("4000").stdout.len() <= 4000);
}
