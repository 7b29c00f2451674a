//! What a cluster calls its things, in which order they are listed, when it was recorded and how many
//! healthy neighbours there are, changes no cause.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;

use kubelens_tests::accuracy::{report, stories};
use kubelens_tests::manifest::text_at;
use kubelens_tests::variation::{Recording, Renaming};
use serde_json::Value;

/// Code, severity and subject of every loud cause, with the names that things had before a renaming.
fn causes(report: &Value, renaming: &Renaming) -> Vec<String> {
    let mut all: Vec<String> = report
        .get("causes")
        .and_then(Value::as_array)
        .expect("causes")
        .iter()
        .filter(|cause| text_at(cause, "/severity") != "info")
        .map(|cause| {
            let subject = format!(
                "{} {} {}/{}",
                text_at(cause, "/code"),
                text_at(cause, "/subject/kind"),
                text_at(cause, "/subject/namespace"),
                text_at(cause, "/subject/name"),
            );
            format!(
                "{} {}",
                renaming.undone(&subject),
                text_at(cause, "/severity")
            )
        })
        .collect();
    all.sort();
    all
}

fn diagnosed(recording: &Recording) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    recording.write(folder.path()).expect("a cluster");
    report(folder.path()).expect("a report")
}

fn name(story: &Path) -> String {
    story
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Says for every story how two lists of causes differ.
fn compare(wrong: &mut Vec<String>, story: &Path, expected: &[String], found: &[String]) {
    if expected != found {
        wrong.push(format!("{}: {expected:?} became {found:?}", name(story)));
    }
}

fn assert_none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} stories:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn other_names_another_order_and_another_month_change_no_cause() {
    let mut wrong = Vec::new();
    for (number, story) in stories().expect("stories").iter().enumerate() {
        let before = report(story).expect("a report");
        let mut recording = Recording::read(story).expect("a recording");
        if recording.is_empty() {
            continue;
        }
        let renaming = recording.renaming();
        recording.rename(&renaming);
        recording.shuffle(u64::try_from(number).unwrap());
        recording.shift(28).expect("times");
        let after = diagnosed(&recording);
        compare(
            &mut wrong,
            story,
            &causes(&before, &Renaming::default()),
            &causes(&after, &renaming),
        );
    }
    assert_none(&wrong);
}

#[test]
fn more_healthy_neighbours_change_no_cause() {
    let mut wrong = Vec::new();
    let mut varied = 0;
    for story in stories().expect("stories") {
        let before = report(&story).expect("a report");
        let mut involved = BTreeSet::new();
        every_namespace(before.get("causes").expect("causes"), &mut involved);
        let mut recording = Recording::read(&story).expect("a recording");
        if recording.is_empty() {
            continue;
        }
        let copies = recording.repeat_neighbours(&involved);
        if copies == 0 {
            continue;
        }
        varied += 1;
        let after = diagnosed(&recording);
        let none = Renaming::default();
        compare(
            &mut wrong,
            &story,
            &causes(&before, &none),
            &causes(&after, &none),
        );
    }
    assert!(
        varied >= 30,
        "only {varied} stories have neighbours to copy"
    );
    assert_none(&wrong);
}

fn every_namespace(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| every_namespace(item, found)),
        Value::Object(fields) => {
            if let Some(namespace) = fields.get("namespace").and_then(Value::as_str) {
                found.insert(namespace.to_owned());
            }
            fields
                .values()
                .for_each(|item| every_namespace(item, found));
        }
        _ => {}
    }
}

#[test]
fn ten_runs_give_the_same_bytes() {
    use kubelens_core::source::{FileSource, ReadRequest, Silent};
    use kubelens_core::{Options, diagnose};
    for story in stories().expect("stories") {
        let picture = FileSource::new(&story)
            .read(&ReadRequest::default(), &Silent)
            .expect("a picture");
        let text =
            || serde_json::to_string(&diagnose(&picture, &Options::default())).expect("a report");
        let first = text();
        for _ in 0..9 {
            assert_eq!(first, text(), "{}", story.display());
        }
    }
}
