//! Recorded clusters: each must yield the cause that an experienced person would name, first, once,
//! and nothing that is not there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_core::{Options, diagnose};
use kubelens_tests::judge::{Expectation, Scope, complaints};
use serde_json::Value;

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let mut all: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the stories")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("expect.json").exists())
        .collect();
    all.sort();
    assert!(!all.is_empty(), "no story in {}", folder.display());
    all
}

fn report(story: &Path) -> Value {
    let picture = FileSource::new(story)
        .read(&ReadRequest::default(), &Silent)
        .expect("a picture");
    serde_json::to_value(diagnose(&picture, &Options::default())).expect("a report")
}

#[test]
fn every_story_yields_its_cause_first_and_nothing_else() {
    let mut wrong = Vec::new();
    for story in stories() {
        let name = story
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(story.join("expect.json")).expect("expect.json");
        let expected: Expectation = serde_json::from_str(&text).expect("an expectation");
        for complaint in complaints(&report(&story), &expected, Scope::Story).expect("a judgement")
        {
            wrong.push(format!("{name}: {complaint}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} complaints:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_story_gives_the_same_bytes_twice_and_a_valid_report() {
    let schema = serde_json::from_str(include_str!("../../docs/src/report.schema.json"))
        .expect("the schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    for story in stories() {
        let once = report(&story);
        assert_eq!(
            once.to_string(),
            report(&story).to_string(),
            "{}",
            story.display()
        );
        let errors: Vec<String> = validator
            .iter_errors(&once)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", story.display());
    }
}

#[test]
fn every_link_of_a_chain_names_its_proof() {
    for story in stories() {
        let report = report(&story);
        for cause in report["causes"].as_array().expect("causes") {
            let evidence = cause["evidence"].as_array().expect("evidence").len();
            for link in cause["chain"].as_array().expect("a chain") {
                let proof = link["evidence"].as_array().expect("proof");
                let is_there = |at: &Value| at.as_u64().is_some_and(|at| at < evidence as u64);
                assert!(
                    !proof.is_empty() && proof.iter().all(is_there),
                    "{}: {} has a link without proof: {link}",
                    story.display(),
                    cause["title"]
                );
            }
        }
    }
}
