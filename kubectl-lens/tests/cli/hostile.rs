//! Clusters that are strange or mean harm: an answer all the same, and nothing that drives a terminal.

use serde_json::{Value, json};

use crate::harness::{Run, file, run};

fn pod(name: &str, uid: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": uid},
        "spec": {"containers": [{"name": "app", "image": "web:1"}]},
        "status": {"phase": "Running", "containerStatuses": [{
            "name": "app", "restartCount": 9,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
        }]},
    })
}

fn owned(mut pod: Value, owner: &str) -> Value {
    let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": owner, "uid": owner, "controller": true}]);
    if let Some(Value::Object(metadata)) = pod.get_mut("metadata") {
        metadata.insert("ownerReferences".to_owned(), owner);
    }
    pod
}

fn event(number: usize, about: Value, time: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "BackOff",
        "metadata": {"name": format!("e{number}"), "namespace": "shop"},
        "message": "Back-off restarting failed container", "count": number + 1,
        "involvedObject": about, "lastTimestamp": time,
    })
}

fn diagnose(objects: &[Value], words: &[&str]) -> Run {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let (_dir, path) = file("cluster.json", list.as_bytes());
    let run = run(&[
        &["diagnose", "--from", path.to_str().expect("a path")],
        words,
    ]
    .concat());
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert!(!run.stdout.contains("INT001"), "{}", run.stdout);
    run
}

const EACH_CAUSE: [&str; 2] = [
    "-o",
    "jsonpath={range .causes[*]}{.code} {.subject.name} {end}",
];

#[test]
fn names_with_escape_sequences_do_not_reach_the_terminal() {
    let mut evil = pod("web\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}", "1");
    let status = &mut evil["status"]["containerStatuses"][0];
    status["state"]["waiting"]["message"] = "\u{1b}[31mred\u{9b}1m".into();
    status["lastState"]["terminated"]["reason"] = "Error\u{1b}c".into();
    for format in ["human", "wide", "table", "markdown", "name"] {
        let words: &[&str] = if format == "human" {
            &[]
        } else {
            &["-o", format]
        };
        let run = diagnose(std::slice::from_ref(&evil), words);
        let is_tame = |text: &str| {
            text.chars()
                .all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}'))
        };
        assert!(is_tame(&run.stdout), "{format}: {:?}", run.stdout);
        assert!(is_tame(&run.stderr), "{format}: {:?}", run.stderr);
        assert!(!run.stdout.trim().is_empty(), "{format}");
    }
}

#[test]
fn markup_in_names_and_messages_stays_text_in_html() {
    let mut evil = pod("web\"><script>alert(1)</script>", "1");
    evil["spec"]["containers"][0]["name"] = "a'pp\" onclick=\"x".into();
    let status = &mut evil["status"]["containerStatuses"][0];
    status["name"] = "a'pp\" onclick=\"x".into();
    status["lastState"]["terminated"]["message"] = "</code><script>alert(2)</script>".into();
    status["lastState"]["terminated"]["reason"] = "<b>Error</b>".into();
    let page = diagnose(&[evil], &["-o", "html"]).stdout;
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert_eq!(page.matches("<script>").count(), 1, "only the page's own");
    assert!(!page.contains("<b>Error"), "{page}");
    assert!(!page.contains("\" onclick"), "{page}");
}

#[test]
fn owners_in_a_circle_have_an_answer() {
    let objects = [
        owned(pod("a", "a"), "b"),
        owned(pod("b", "b"), "a"),
        owned(pod("self", "self"), "self"),
    ];
    let run = diagnose(&objects, &EACH_CAUSE);
    assert_eq!(run.stdout.matches("WRK004").count(), 3, "{}", run.stdout);
}

#[test]
fn events_about_nothing_are_no_trouble() {
    let mut objects = vec![pod("a", "a")];
    for about in [
        json!(null),
        json!({}),
        json!({"kind": "Pod"}),
        json!({"name": "a"}),
    ] {
        objects.push(event(objects.len(), about, "2026-01-01T00:00:00Z"));
    }
    objects.push(json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "bare", "namespace": "shop"}}));
    let run = diagnose(&objects, &EACH_CAUSE);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("WRK004 a ", "")
    );
}

#[test]
fn ten_thousand_events_on_one_pod_are_one_entry() {
    let about =
        json!({"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "a", "uid": "a"});
    let events = (0..10_000).map(|number| {
        let time = format!(
            "2026-01-01T{:02}:{:02}:{:02}Z",
            number / 3600,
            number / 60 % 60,
            number % 60
        );
        event(number, about.clone(), &time)
    });
    let objects: Vec<Value> = std::iter::once(pod("a", "a")).chain(events).collect();
    assert_eq!(diagnose(&objects, &EACH_CAUSE).stdout, "WRK004 a ");
    let report = diagnose(&objects, &["-o", "json"]).stdout;
    assert!(report.len() < 60_000, "a report of {} bytes", report.len());
}

#[test]
fn a_clock_in_the_future_gives_no_negative_ages() {
    let mut late = pod("a", "a");
    late["metadata"]["creationTimestamp"] = "2199-01-01T00:00:00Z".into();
    let run = diagnose(
        &[late, pod("b", "b")],
        &["--now", "2026-01-01T00:00:00Z", "-o", "wide"],
    );
    assert!(run.stdout.contains("CRITICAL"), "{}", run.stdout);
    assert!(
        !run.stdout.contains(" -1") && !run.stdout.contains("-1"),
        "{}",
        run.stdout
    );
}

#[test]
fn objects_with_one_uid_are_two_objects() {
    let run = diagnose(
        &[pod("a", "same"), pod("b", "same"), pod("a", "same")],
        &EACH_CAUSE,
    );
    let mut causes: Vec<&str> = run.stdout.split("WRK004 ").map(str::trim).collect();
    causes.sort_unstable();
    assert_eq!(causes, ["", "a", "b"]);
}

#[test]
fn logs_that_are_no_text_are_read_as_far_as_they_are() {
    let (dir, path) = file(
        "pods.json",
        json!({"kind": "PodList", "apiVersion": "v1", "items": [pod("a", "a")]})
            .to_string()
            .as_bytes(),
    );
    let logs = path.with_file_name("shop").join("a");
    std::fs::create_dir_all(&logs).expect("folders");
    let dying = b"starting\n\xff\xfe\x80 \x00 junk \x1b[2J\npanic: d\xe9j\xe0 vu: open /etc/app.conf: no such file or directory\n";
    std::fs::write(logs.join("app.previous.log"), dying).expect("a log");
    std::fs::write(logs.join("app.log"), b"\xff\xfe\x80").expect("a log");
    let from = dir.path().to_str().expect("a path");
    let run = run(&["diagnose", "--from", from]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("/etc/app.conf"), "{}", run.stdout);
    assert!(
        run.stdout.chars().all(|c| c == '\n' || !c.is_control()),
        "{:?}",
        run.stdout
    );
}

/// What somebody may write in hope that a viewer takes it for more than text.
const MARKUP: &str = "=HYPERLINK(\"http://evil\")<script>alert(1)</script>![x](http://evil) [y](javascript:z) `a` | b &#x202e; %0A::error::no\n::error title=x::no\r\n# big\n\"; o1 -> o2; \u{1b}[2J\u{9b}2J\u{202e}\u{61c}{{7*7}}{%raw%}$(id)";

const FORMATS: [&str; 17] = [
    "human",
    "wide",
    "table",
    "json",
    "yaml",
    "name",
    "markdown",
    "html",
    "ndjson",
    "csv",
    "junit",
    "sarif",
    "github",
    "prometheus",
    "dot",
    "mermaid",
    "custom-columns=NAME:.subject.name,TITLE:.title",
];

/// Pods with the markup in every place that a report tells of.
fn marked_up() -> Vec<Value> {
    let mut named = pod(MARKUP, "1");
    named["metadata"]["namespace"] = format!("-1+1{MARKUP}").into();
    let mut spoken = pod("web", "2");
    spoken["spec"]["containers"][0]["name"] = MARKUP.into();
    spoken["spec"]["containers"][0]["image"] = MARKUP.into();
    let status = &mut spoken["status"]["containerStatuses"][0];
    status["name"] = MARKUP.into();
    status["state"]["waiting"]["message"] = MARKUP.into();
    status["lastState"]["terminated"]["message"] = MARKUP.into();
    status["lastState"]["terminated"]["reason"] = MARKUP.into();
    let about =
        json!({"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web", "uid": "2"});
    let mut told = event(1, about, "2026-01-01T00:00:00Z");
    told["message"] = MARKUP.into();
    vec![named, spoken, told]
}

/// A line of Markdown without its spans of code, which end with as many back-ticks as they begin with.
fn outside_code(line: &str) -> String {
    let ticks = |text: &str| text.len() - text.trim_start_matches('`').len();
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let is_text = out.ends_with('\\');
        rest = &rest[at..];
        let run = if is_text { 1 } else { ticks(rest) };
        rest = &rest[run..];
        if is_text {
            continue;
        }
        let mut end = 0;
        while let Some(next) = rest[end..].find('`') {
            let closing = ticks(&rest[end + next..]);
            end += next + closing;
            if closing == run {
                rest = &rest[end..];
                break;
            }
        }
    }
    out + rest
}

/// What each format is for the program that reads it: nothing of the cluster has become a part of its language.
fn is_only_text(format: &str, out: &str) {
    let lines = || out.lines().filter(|line| !line.trim().is_empty());
    match format {
        "json" | "sarif" => drop(serde_json::from_str::<Value>(out).expect(format)),
        "ndjson" => {
            lines().for_each(|line| drop(serde_json::from_str::<Value>(line).expect(format)))
        }
        "yaml" => drop(serde_saphyr::from_str::<Value>(out).expect(format)),
        "csv" => {
            let mut reader = csv::Reader::from_reader(out.as_bytes());
            for record in reader.records() {
                for cell in &record.expect("a record") {
                    assert!(
                        !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                        "{cell}"
                    );
                }
            }
        }
        "junit" => {
            let mut reader = quick_xml::Reader::from_str(out);
            loop {
                match reader.read_event().expect("XML") {
                    quick_xml::events::Event::Eof => break,
                    quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                        assert!(tag.name().as_ref() != "script", "{out}");
                    }
                    _ => {}
                }
            }
        }
        "html" => {
            assert_eq!(out.matches("<script>").count(), 1, "only the page's own");
            assert!(!out.contains("<script>alert"), "{out}");
        }
        // What makes an element, a picture, a link or an entity of text stands behind a backslash or in code.
        "markdown" => {
            for line in lines() {
                let outside = outside_code(line);
                for mark in ["<script", "![x](", "[y](", "&#x"] {
                    let found = outside.match_indices(mark);
                    let bare = found
                        .filter(|(at, _)| !outside[..*at].ends_with('\\'))
                        .count();
                    assert_eq!(bare, 0, "{mark} in {line}");
                }
                assert!(!line.starts_with("# big"), "{out}");
            }
        }
        "github" => {
            let kinds = ["::error title=", "::warning title=", "::notice title="];
            for line in lines() {
                assert!(kinds.iter().any(|kind| line.starts_with(kind)), "{line}");
                assert!(
                    !line.contains("%0A::error::no"),
                    "an escaped line end of the cluster's: {line}"
                );
            }
        }
        "prometheus" => lines().for_each(|line| {
            assert!(
                line.starts_with("# ") || line.starts_with("kubelens_"),
                "{line}"
            );
        }),
        "dot" => {
            for line in lines() {
                let text = line.replace("\\\\", "").replace("\\\"", "");
                assert_eq!(text.matches('"').count() % 2, 0, "{line}");
                assert!(
                    !text.split('"').step_by(2).any(|code| code.contains("evil")),
                    "{line}"
                );
            }
        }
        "mermaid" => lines().for_each(|line| assert!(!line.contains("<script"), "{line}")),
        _ => {}
    }
}

#[test]
fn what_the_cluster_says_is_text_in_every_format() {
    for format in FORMATS {
        let out = diagnose(&marked_up(), &["-o", format]).stdout;
        assert!(out.contains("evil"), "{format} tells nothing of it: {out}");
        let raw = out.chars().find(|c| {
            !matches!(c, '\n' | '\r') && (c.is_control() || matches!(c, '\u{61c}' | '\u{202e}'))
        });
        assert_eq!(raw, None, "{format}: {out:?}");
        is_only_text(format, &out);
    }
}

#[test]
fn names_in_data_drive_no_terminal_and_differ_in_no_format() {
    let evil = pod("web\u{1b}[2J\n\u{202e}x", "uid\u{7}\u{202e}");
    let json = diagnose(std::slice::from_ref(&evil), &["-o", "json"]).stdout;
    let yaml = diagnose(std::slice::from_ref(&evil), &["-o", "yaml"]).stdout;
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let subject = &report["causes"][0]["subject"];
    assert_eq!(
        (&subject["name"], &subject["uid"]),
        (&json!("web x"), &json!("uid"))
    );
    for escape in ["\\u001b", "\\u202e", "\\u0007", "\\n"] {
        assert!(!json.contains(escape), "{escape}: {json}");
    }
    assert!(
        yaml.contains("name: web x\n") && yaml.contains("uid: uid\n"),
        "{yaml}"
    );
    let sarif = diagnose(&[evil], &["-o", "sarif"]).stdout;
    assert!(sarif.contains("shop/Pod/web%20x"), "{sarif}");
}

#[test]
fn messages_are_no_links_in_sarif() {
    let mut evil = pod("web", "1");
    evil["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] =
        "read [the runbook](https://evil.example)".into();
    let sarif: Value =
        serde_json::from_str(&diagnose(&[evil], &["-o", "sarif"]).stdout).expect("JSON");
    let text = sarif["runs"][0]["results"][0]["message"]["text"]
        .as_str()
        .expect("a text");
    assert!(text.contains(r"\[the runbook\](https"), "{text}");
}

#[test]
fn annotations_that_suppress_nothing_are_told() {
    for (annotations, expected) in [
        (
            json!({"kubelens.dev/ignore": " "}),
            "annotation kubelens.dev/ignore names no code",
        ),
        (
            json!({"kubelens.dev/ignore-until": "2030-01-01"}),
            "annotation kubelens.dev/ignore is missing beside -until or -reason",
        ),
    ] {
        let mut pod = pod("web", "1");
        pod["metadata"]["annotations"] = annotations;
        let run = diagnose(&[pod], &["-o", "name"]);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}
