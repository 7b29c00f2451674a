//! Hostile input through the public door: whatever comes in, nothing panics, and the same cluster gives
//! the same report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod clusters;
mod corpus;
mod damage;
mod hostile;
mod incremental;
mod manifests;
mod messages;
mod reach;
mod texts;
mod world;

#[cfg(feature = "rules-cel")]
mod rule_packs;
#[cfg(feature = "validation")]
mod validation;

use std::sync::LazyLock;

use kubelens_core::analysis::Profile;
use kubelens_core::model::Report;
use kubelens_core::snapshot::Tuning;
use kubelens_core::source::{FileSource, ReadRequest, Silent, SourceError};
use kubelens_core::{Options, diagnose, registry};
use proptest::prelude::*;
use serde_json::{Value, json};

/// So many random inputs a test, which takes a few seconds, unless PROPTEST_CASES asks for more.
fn cases(count: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|asked| asked.parse().ok()).unwrap_or(count),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// All profiles, and images that have to come from somewhere.
fn everything() -> Options {
    static REGISTRIES: LazyLock<Vec<String>> = LazyLock::new(corpus::registries);
    Options {
        profiles: Profile::ALL.to_vec(),
        tuning: Tuning {
            registries: REGISTRIES.clone(),
            ..Tuning::default()
        },
        ..Options::default()
    }
}

/// The report about a file with this content, by all profiles.
fn report_on(bytes: &[u8]) -> Result<Report, SourceError> {
    let snapshot =
        FileSource::from_bytes("c", bytes.to_vec()).read(&ReadRequest::default(), &Silent)?;
    Ok(diagnose(&snapshot, &everything()))
}

/// The report about these objects.
fn report_of(objects: &[Value]) -> Result<Report, SourceError> {
    report_on(&serde_json::to_vec(&json!({"kind": "List", "items": objects})).unwrap())
}

/// How many causes are no opinion.
fn faults(report: &Report) -> usize {
    let is_fault = |code: &str| {
        let mut all = registry().iter();
        all.any(|analyzer| analyzer.code == code && !analyzer.is_opinion())
    };
    let causes = report.causes.iter();
    causes.filter(|cause| is_fault(&cause.code)).count()
}

/// The analyzers that panicked.
fn broken_analyzers(report: &Report) -> Vec<String> {
    let broken = report
        .findings
        .iter()
        .filter(|finding| finding.code == "INT001");
    broken.map(|finding| finding.title.clone()).collect()
}
