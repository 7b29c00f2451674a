//! `scale-hostile`: what clusters cost the plugin that somebody filled to harm who looks at them: each in two sizes, so
//! that one sees how the cost grows. `tests/scale/hostile` builds what it needs.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Result, ensure};
use kubelens_tests::scale::rounds::megabytes;
use kubelens_tests::scale::table::{Row, markdown};
use kubelens_tests::scale::usage::{MEASURE, Usage, measure, of};
use serde_json::{Value, json};

/// A cluster, given how many of its hostile objects there are.
struct Case {
    what: &'static str,
    sizes: [usize; 2],
    objects: fn(usize) -> Box<dyn Iterator<Item = Value>>,
    /// The formats that the report is written in.
    formats: &'static [&'static str],
    /// A rule pack to judge it by.
    rules: &'static str,
}

/// What no cluster may make the plugin take, in bytes.
const MOST_MEMORY: u64 = 1_000_000_000;

const JSON: &[&str] = &["json"];

/// Every format at once.
const ALL_FORMATS: &[&str] = &[
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
];

/// What somebody may write in hope that a terminal, a spreadsheet, a browser or a ticket takes it for more than text.
const MARKUP: &str = "=cmd|' /C calc'!A0\u{1b}[2J\u{202e}<script>alert(1)</script>![x](http://evil)`|\"&#8238;\n::error::x";

/// Patterns that a backtracking engine never ends on and that a naive one builds of gigabytes, some of them told by
/// the cluster itself, and loops that never end.
const BOMBS: &str = r#"apiVersion: kubelens.dev/v1alpha1
kind: RulePack
metadata: {name: bombs}
rules:
- code: BOM001
  name: backtracking
  description: A pattern that backtracks.
  match: [{apiVersion: v1, kind: Pod}]
  when: "object.metadata.annotations.text.matches('^(a*)*(a|aa)*(a+)+$')"
  severity: info
  message: found
  evidence: [metadata.name]
  examples: {fires: [a], silent: [b]}
- code: BOM002
  name: pattern-of-the-cluster
  description: A pattern that the cluster holds.
  match: [{apiVersion: v1, kind: Pod}]
  when: object.metadata.annotations.text.matches(object.metadata.annotations.pattern)
  severity: info
  message: found
  evidence: [metadata.name]
  examples: {fires: [a], silent: [b]}
- code: BOM003
  name: endless-loops
  description: Loops in loops.
  match: [{apiVersion: v1, kind: Pod}]
  when: "[1,2,3,4,5,6,7,8].all(a, [1,2,3,4,5,6,7,8].all(b, [1,2,3,4,5,6,7,8].all(c, [1,2,3,4,5,6,7,8].all(d, [1,2,3,4,5,6,7,8].all(e, [1,2,3,4,5,6,7,8].all(f, a + b + c + d + e + f > 0))))))"
  severity: info
  message: found
  evidence: [metadata.name]
  examples: {fires: [a], silent: [b]}
"#;

const CASES: [Case; 8] = [
    Case {
        what: "pods with annotations of 10 MB",
        sizes: [4, 40],
        objects: |count| {
            Box::new((0..count).map(|number| {
                let mut pod = pod(number, "web");
                if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
                    let huge = json!({ "huge": "x".repeat(10_000_000) });
                    metadata.insert("annotations".to_owned(), huge);
                }
                pod
            }))
        },
        formats: JSON,
        rules: "",
    },
    Case {
        what: "events, each about another object",
        sizes: [100_000, 1_000_000],
        objects: |count| Box::new((0..count).map(|number| event(number, number % 50_000))),
        formats: JSON,
        rules: "",
    },
    Case {
        what: "events about one pod",
        sizes: [10_000, 100_000],
        objects: |count| {
            Box::new(
                std::iter::once(pod(0, "web")).chain((0..count).map(|number| event(number, 0))),
            )
        },
        formats: JSON,
        rules: "",
    },
    Case {
        what: "ReplicaSets that own each other in a circle",
        sizes: [5_000, 50_000],
        objects: |count| Box::new((0..count).map(move |number| ring(number, count))),
        formats: JSON,
        rules: "",
    },
    Case {
        what: "Services that all select the same 100 pods",
        sizes: [5_000, 50_000],
        objects: |count| {
            Box::new(
                (0..100)
                    .map(|number| pod(number, "web"))
                    .chain((0..count).map(service)),
            )
        },
        formats: JSON,
        rules: "",
    },
    Case {
        what: "pods of one namespace that wait and name nobody, each behind a Service",
        sizes: [500, 5_000],
        objects: |count| Box::new((0..count).flat_map(waiting)),
        formats: JSON,
        rules: "",
    },
    Case {
        what: "crashing pods whose names and words are markup, in all formats",
        sizes: [500, 5_000],
        objects: |count| Box::new((0..count).map(marked_up)),
        formats: ALL_FORMATS,
        rules: "",
    },
    Case {
        what: "pods under rules with patterns and loops that are bombs",
        sizes: [1_000, 10_000],
        objects: |count| Box::new((0..count).map(with_pattern)),
        formats: JSON,
        rules: BOMBS,
    },
];

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1).peekable();
    if words.peek().is_some_and(|word| word == MEASURE) {
        let usage = measure(words.skip(1))?;
        say(serde_json::to_string(&usage)?);
        return Ok(());
    }
    let plugin = std::env::current_exe()?.with_file_name("kubectl-lens");
    let scratch = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for case in &CASES {
        let [small, large] = case.sizes;
        let [first, usage] = [
            cost(&plugin, scratch.path(), case, small)?,
            cost(&plugin, scratch.path(), case, large)?,
        ];
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let exponent = (usage.cpu.as_secs_f64() / first.cpu.as_secs_f64()).ln()
            / (large as f64 / small as f64).ln();
        rows.push(Row::judged(
            case.what,
            format!(
                "{large}: {:.2} s CPU, {:.0} MB; exponent {exponent:.2}",
                usage.cpu.as_secs_f64(),
                megabytes(usage.peak)
            ),
            "exponent <= 1.1, <= 1 GB",
            exponent <= 1.1 && usage.peak <= MOST_MEMORY,
        ));
        say(markdown(&rows));
    }
    let missed: Vec<&str> = rows
        .iter()
        .filter(|row| !row.is_met)
        .map(|row| row.what)
        .collect();
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

fn cost(plugin: &Path, folder: &Path, case: &Case, count: usize) -> Result<Usage> {
    let file = folder.join("cluster.json");
    let mut out = BufWriter::new(std::fs::File::create(&file)?);
    out.write_all(br#"{"kind":"List","apiVersion":"v1","items":["#)?;
    for (at, object) in (case.objects)(count).enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut out, &object)?;
    }
    out.write_all(b"]}")?;
    out.flush()?;
    drop(out);
    let mut words: Vec<OsString> = ["diagnose", "-A", "--from"].map(OsString::from).into();
    words.push(file.into());
    for format in case.formats {
        words.push("-o".into());
        let mut output = OsString::from(format!("{format}="));
        output.push(folder.join(format!("report.{format}")));
        words.push(output);
    }
    if !case.rules.is_empty() {
        let pack = folder.join("rules.yaml");
        std::fs::write(&pack, case.rules)?;
        words.extend(["--rules".into(), pack.into()]);
    }
    of(plugin, &words, &folder.join("printed"))
}

fn pod(number: usize, app: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": format!("p{number}"), "namespace": "shop", "uid": format!("p{number}"), "labels": { "app": app } },
        "spec": { "nodeName": "n1", "containers": [{ "name": "c", "image": "x:1" }] },
        "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }],
            "containerStatuses": [{ "name": "c", "ready": true, "state": { "running": {} } }] } })
}

fn event(number: usize, about: usize) -> Value {
    json!({ "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("e{number}"), "namespace": "shop" }, "type": "Warning", "reason": "BackOff",
        "message": "Back-off restarting failed container", "count": 1, "lastTimestamp": "2026-01-01T12:00:00Z",
        "involvedObject": { "apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": format!("p{about}"), "uid": format!("p{about}") } })
}

fn ring(number: usize, count: usize) -> Value {
    let owner = format!("s{}", (number + 1) % count);
    json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": { "name": format!("s{number}"), "namespace": "shop", "uid": format!("s{number}"),
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": true }] },
        "spec": { "replicas": 1, "template": { "spec": { "containers": [{ "name": "c", "image": "x:1" }] } } }, "status": { "replicas": 1 } })
}

fn service(number: usize) -> Value {
    json!({ "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": format!("s{number}"), "namespace": "shop", "uid": format!("s{number}") },
        "spec": { "clusterIP": "None", "selector": { "app": "web" }, "ports": [{ "name": "http", "port": 80, "targetPort": 8080 }] } })
}

fn waiting(number: usize) -> [Value; 2] {
    let name = format!("w{number}");
    let service = json!({ "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": name, "namespace": "shop", "uid": format!("s{number}") },
        "spec": { "clusterIP": "None", "selector": { "app": name }, "ports": [{ "port": 80 }] } });
    let pod = json!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "shop", "uid": name, "labels": { "app": name } },
        "spec": { "nodeName": "n1", "containers": [{ "name": "c", "image": "x:1" }] },
        "status": { "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T11:00:00Z" }],
            "containerStatuses": [{ "name": "c", "restartCount": 9,
                "state": { "waiting": { "reason": "CrashLoopBackOff" } },
                "lastState": { "terminated": { "exitCode": 1, "reason": "Error", "message": "ERROR no answer, giving up",
                    "finishedAt": "2026-01-01T11:58:00Z" } } }] } });
    [service, pod]
}

fn marked_up(number: usize) -> Value {
    let name = format!("{MARKUP}{number}");
    json!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "shop", "uid": number.to_string() },
        "spec": { "nodeName": "n1", "containers": [{ "name": MARKUP, "image": MARKUP }] },
        "status": { "phase": "Running", "containerStatuses": [{ "name": MARKUP, "restartCount": 9,
            "state": { "waiting": { "reason": "CrashLoopBackOff", "message": MARKUP } },
            "lastState": { "terminated": { "exitCode": 1, "reason": MARKUP, "message": MARKUP } } }] } })
}

fn with_pattern(number: usize) -> Value {
    let mut pod = pod(number, "web");
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        let text = format!("{}!", "a".repeat(10_000));
        let pattern = format!("((a{{0,{}}}){{0,90}}){{0,90}}$", number % 90);
        metadata.insert(
            "annotations".to_owned(),
            json!({ "text": text, "pattern": pattern }),
        );
    }
    pod
}
