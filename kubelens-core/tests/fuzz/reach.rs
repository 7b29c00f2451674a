//! How far random clusters reach: a rule that never fires on them is not tested by them.

use std::collections::{BTreeMap, BTreeSet};

use kubelens_core::model::Report;
use kubelens_core::registry;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::clusters::{cluster, entangled};
use crate::corpus::EXAMPLES;
use crate::damage::edit;

fn codes(report: &Report) -> BTreeSet<String> {
    let causes = report.causes.iter().map(|cause| cause.code.clone());
    let findings = report.findings.iter().map(|finding| finding.code.clone());
    causes.chain(findings).collect()
}

/// The analyzers that these codes do not hold.
fn missing(seen: &BTreeSet<String>) -> Vec<&'static str> {
    let all = registry().iter().map(|analyzer| analyzer.code);
    all.filter(|code| !seen.contains(*code)).collect()
}

/// What is asked of manifests before they are applied: a recording holds what an API server took.
const OF_MANIFESTS: [&str; 1] = ["CTL034"];

#[test]
fn every_rule_fires_on_the_examples_as_a_recording_holds_them() {
    let mut silent = Vec::new();
    for example in EXAMPLES
        .iter()
        .filter(|example| example.fires && !OF_MANIFESTS.contains(&example.code))
    {
        let report = example.world.report().unwrap();
        if !codes(&report).contains(example.code) {
            silent.push(example.code);
        }
    }
    assert_eq!(silent, Vec::<&str>::new());
}

#[test]
fn nearly_every_rule_fires_on_random_clusters_too() {
    let mut runner = TestRunner::deterministic();
    let others = prop::collection::vec(0..EXAMPLES.len(), 0..3);
    let damaged = (others, prop::collection::vec(edit(), 1..6));
    let mut seen = BTreeSet::new();
    let mut relations: BTreeMap<String, usize> = BTreeMap::new();
    let mut note = |report: Report| {
        for link in report.causes.iter().flat_map(|cause| &cause.chain) {
            *relations.entry(link.relation.clone()).or_default() += 1;
        }
        seen.extend(codes(&report));
    };
    for at in 0..EXAMPLES.len() {
        let (others, edits) = damaged.new_tree(&mut runner).unwrap().current();
        let parts = others.into_iter().chain([at]);
        if let Ok(report) = entangled(parts, &edits, BTreeSet::new()).report() {
            note(report);
        }
        if let Ok(report) = cluster().new_tree(&mut runner).unwrap().current().report() {
            note(report);
        }
    }
    let missing = missing(&seen);
    println!("{} rules never fired: {missing:?}", missing.len());
    println!("{} relations: {relations:?}", relations.len());
    assert!(missing.len() * 20 <= registry().len(), "{missing:?}");
}

#[test]
fn every_random_test_is_fuzzed() {
    let sources = [
        ("clusters", include_str!("clusters.rs")),
        ("incremental", include_str!("incremental.rs")),
        ("manifests", include_str!("manifests.rs")),
        ("messages", include_str!("messages.rs")),
        ("rule_packs", include_str!("rule_packs.rs")),
        ("texts", include_str!("texts.rs")),
        ("validation", include_str!("validation.rs")),
    ];
    let targets: BTreeSet<&str> = include_str!("../../../tests/fuzz/run")
        .lines()
        .map(str::trim)
        .collect();
    let mut missing = Vec::new();
    for (room, source) in sources {
        for block in source.split("\nproptest! {\n").skip(1) {
            let block = block.split("\n}\n").next().unwrap();
            // The next line may be another attribute.
            let names = block
                .split("\n    fn ")
                .skip(1)
                .filter_map(|rest| rest.split('(').next());
            missing.extend(
                names
                    .map(|name| format!("{room}::{name}"))
                    .filter(|name| !targets.contains(name.as_str())),
            );
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
