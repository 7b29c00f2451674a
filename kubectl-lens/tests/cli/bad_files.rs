//! Recordings that are damaged: one clear line, and what can be used is used.

use std::io::Write;
use std::process::Stdio;

use crate::harness::{Run, SHOP, file, finish, lens, run};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n";

/// How many objects are found in a file with this content, and what is told about the rest.
fn objects_in(name: &str, content: &[u8]) -> Run {
    let (_dir, path) = file(name, content);
    let from = path.to_str().expect("a path");
    run(&[
        "diagnose",
        "--from",
        from,
        "-o",
        "jsonpath={.summary.objects}",
    ])
}

#[test]
fn a_broken_document_without_a_kind_is_told_and_the_others_are_used() {
    let json = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop"}}"#;
    let cases = [
        (
            "a.yaml",
            format!("{POD}---\nmetadata: {{name: b\nspec: 1\n"),
            "a.yaml:6: ",
        ),
        (
            "b.yaml",
            format!("{POD}---\nfoo: [1, 2\nbar: }}\n"),
            "b.yaml:6: ",
        ),
        (
            "c.yaml",
            format!("foo: [1, 2\nbar: }}\n---\n{POD}"),
            "c.yaml:2: ",
        ),
        (
            "d.yaml",
            format!("{POD}---\njust words\n"),
            "d.yaml:5: this is no Kubernetes object",
        ),
        (
            "e.json",
            format!("{json}\n{{\"foo\": 1 \"bar\"}}\n"),
            "e.json:2: foo: expected",
        ),
        ("f.json", format!("{json}\nhello\n"), "f.json:2: "),
        ("g.json", format!("{json}\n{{\"foo\": 1"), "g.json:2: "),
        (
            "h.json",
            format!("{json}\n{{\"kind\":\"PodList\",\"items\":1 2}}\n"),
            "h.json:2: ",
        ),
        (
            "i.yaml",
            format!("{POD}---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w\n"),
            "i.yaml:7: a Widget: ",
        ),
    ];
    for (name, content, told) in cases {
        let run = objects_in(name, content.as_bytes());
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(0), "1"),
            "{name}: {}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1, "{name}: {}", run.stderr);
        assert!(
            run.stderr.starts_with("warning: ") && run.stderr.contains(told),
            "{name}: {}",
            run.stderr
        );
    }
}

#[test]
fn what_nothing_can_be_used_of_is_told_once() {
    for (name, content, told) in [
        (
            "tabs.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n",
            "tabs.yaml:4: a Pod: a tab",
        ),
        (
            "cycle.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: &m\n  name: a\n  labels: *m\n",
            "cycle.yaml:5: an alias stands in what it refers to",
        ),
        (
            "cut.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, nam",
            "cut.yaml:3: a Pod: ",
        ),
    ] {
        let run = objects_in(name, content.as_bytes());
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(2), ""),
            "{}",
            run.stderr
        );
        assert_eq!(run.stderr.matches(name).count(), 1, "{}", run.stderr);
        assert!(
            run.stderr.starts_with("error: ") && run.stderr.contains(told),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("\n  try: "), "{}", run.stderr);
    }
}

#[test]
fn one_bad_object_never_loses_the_list() {
    let list = r#"{"kind": "List", "apiVersion": "v1", "items": [
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}, "extra": {"is": "fine"}},
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "namespace": "shop"}, "status": {"containerStatuses": [{"restartCount": "many"}]}},
{"apiVersion": "v1", "kind": "Pod"},
7,
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c", "namespace": "shop"}, "spec": null, "status": null}
]}"#;
    let run = objects_in("list.json", list.as_bytes());
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "2"),
        "{}",
        run.stderr
    );
    let told: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(told.len(), 3, "{}", run.stderr);
    assert!(
        told[0].contains("list.json:3: Pod shop/b: status.containerStatuses[0].restartCount: ")
    );
    assert!(told[1].contains("list.json:4: this Pod has no name"));
    assert!(told[2].contains("list.json:5: this is no Kubernetes object"));
}

#[test]
fn a_thousand_broken_objects_are_not_a_thousand_lines() {
    let broken = "---\napiVersion: v1\nkind: Pod\nmetadata: [\n".repeat(1000);
    let run = objects_in("many.yaml", format!("{POD}{broken}").as_bytes());
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "1"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 21, "{}", run.stderr);
    assert!(
        run.stderr.contains("980 more things could not be used"),
        "{}",
        run.stderr
    );
}

#[test]
fn five_gigabytes_of_nothing_are_refused_at_once() {
    let (_dir, path) = file("zeros.json", b"");
    let zeros = std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("a file");
    zeros.set_len(5 << 30).expect("a hole in the file");
    let begin = std::time::Instant::now();
    let run = run(&["diagnose", "--from", path.to_str().expect("a path")]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr
            .contains("zeros.json is no Kubernetes manifest: it is binary"),
        "{}",
        run.stderr
    );
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

#[test]
fn an_object_without_an_end_is_given_up() {
    let mut child = lens(&["diagnose", "--from", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a start");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text = b"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"".to_vec();
    let endless = vec![b'x'; 1 << 20];
    let mut written = stdin.write_all(&text);
    let mut megabytes = 0;
    // The pipe closes as soon as the program has seen enough.
    while written.is_ok() && megabytes < 5 << 10 {
        written = stdin.write_all(&endless);
        megabytes += 1;
    }
    drop(stdin);
    let run = finish(child.wait_with_output().expect("an end"));
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(2), ""),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("longer than 64 MiB"), "{}", run.stderr);
    assert!(megabytes < 100, "{megabytes} MB were read");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_left_alone() {
    let (dir, path) = file("pod.yaml", POD.as_bytes());
    let pipe = path.with_file_name("pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let from = dir.path().to_str().expect("a path");
    let run = run(&[
        "diagnose",
        "--from",
        from,
        "-o",
        "jsonpath={.summary.objects}",
    ]);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "1"),
        "{}",
        run.stderr
    );
}

#[test]
fn byte_order_marks_are_no_part_of_manifests_and_reports() {
    let joined = format!(
        "\u{feff}{POD}---\n\u{feff}{}",
        POD.replace("name: a", "name: b")
    );
    let run = objects_in("marked.yaml", joined.as_bytes());
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("2", ""));

    let report = finish(
        lens(&["diagnose", "--from", SHOP, "-o", "json"])
            .output()
            .expect("the program starts"),
    );
    let marked = format!("\u{feff}\n{}", report.stdout);
    let (_dir, path) = file("report.json", marked.as_bytes());
    let words = [
        "diff",
        path.to_str().expect("a path"),
        SHOP,
        "-o",
        "jsonpath={.summary.ongoing}",
    ];
    let diff = crate::harness::run(&words);
    assert_eq!((diff.stdout.as_str(), diff.stderr.as_str()), ("1", ""));
}

#[test]
fn a_key_that_stands_twice_is_told_in_plain_words() {
    let run = objects_in(
        "twice.yaml",
        format!("{POD}metadata: {{name: b}}\n").as_bytes(),
    );
    assert_eq!(run.status, Some(2));
    assert!(
        run.stderr.contains("twice.yaml:4: ")
            && run.stderr.contains("the key `metadata` stands twice"),
        "{}",
        run.stderr
    );
}
