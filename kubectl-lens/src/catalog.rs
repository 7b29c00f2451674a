//! The analyzers, as the plugin lists and explains them.

use clap_complete::CompletionCandidate;
use kubelens_core::{
    analysis::{Analyzer, Family},
    engine::registry,
    kubernetes::Kind,
};
use serde::Serialize;

/// What is told of one analyzer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) code: String,
    pub(crate) name: String,
    /// The letters of the code: `CFG`.
    pub(crate) family: String,
    /// What the family is about: `configuration`.
    pub(crate) topic: &'static str,
    pub(crate) severity: kubelens_core::model::Severity,
    pub(crate) confidence: f64,
    /// The kinds it asks about.
    pub(crate) reads: Vec<&'static str>,
    /// What other tools call it.
    pub(crate) maps_to: &'static [&'static str],
    /// The profiles it belongs to.
    pub(crate) profiles: Vec<&'static str>,
    /// The first sentence of its documentation.
    pub(crate) summary: String,
    /// Its whole documentation, Markdown.
    #[serde(skip)]
    pub(crate) docs: String,
}

impl Entry {
    /// What is told of this analyzer.
    pub(crate) fn of(analyzer: &Analyzer) -> Self {
        let summary = analyzer.summary();
        Self {
            code: analyzer.code.to_owned(),
            name: analyzer.name.to_owned(),
            family: analyzer
                .code
                .chars()
                .take_while(char::is_ascii_alphabetic)
                .collect(),
            topic: Family::of(analyzer.code).map_or("", Family::title),
            severity: analyzer.severity,
            confidence: analyzer.confidence,
            reads: analyzer.reads.iter().map(Kind::as_str).collect(),
            maps_to: analyzer.maps_to,
            profiles: analyzer
                .profiles
                .iter()
                .map(|profile| profile.as_str())
                .collect(),
            summary: first_sentence(&summary).to_owned(),
            docs: dedented(analyzer.docs),
        }
    }
}

/// All analyzers, by code.
pub(crate) fn entries() -> Vec<Entry> {
    registry()
        .iter()
        .map(|analyzer| Entry::of(analyzer))
        .collect()
}

/// Documentation comments begin each line with a blank.
fn dedented(docs: &str) -> String {
    docs.lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn first_sentence(text: &str) -> &str {
    match text.find(". ") {
        Some(end) => text.get(..=end).unwrap_or(text),
        None => text,
    }
}

/// Codes to complete `explain` with.
pub(crate) fn candidates() -> Vec<CompletionCandidate> {
    entries()
        .into_iter()
        .map(|entry| CompletionCandidate::new(entry.code).help(Some(entry.summary.into())))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use kubelens_core::model::Severity;

    use super::{Entry, entries, first_sentence};

    #[test]
    fn every_analyzer_is_in_the_catalog_with_a_summary() {
        let entries = entries();
        assert_eq!(entries.len(), kubelens_core::engine::registry().len());
        assert!(
            entries
                .iter()
                .all(|entry| !entry.summary.is_empty() && !entry.topic.is_empty())
        );
        assert!(entries.is_sorted_by_key(|entry| &entry.code));
    }

    #[test]
    fn a_summary_is_one_sentence() {
        assert_eq!(first_sentence("It is gone. So what?"), "It is gone.");
        assert_eq!(first_sentence("It reads v1.2"), "It reads v1.2");
    }

    /// A small catalog for tests of what reads one.
    pub(crate) fn three_entries() -> Vec<Entry> {
        let entry = |code: &str, name: &str| Entry {
            code: code.into(),
            name: name.into(),
            family: code.chars().take(3).collect(),
            topic: "a topic",
            severity: Severity::Critical,
            confidence: 0.9,
            reads: vec!["Pod"],
            maps_to: &[],
            profiles: vec!["default"],
            summary: format!("{name} is so."),
            docs: String::new(),
        };
        vec![
            entry("CFG001", "config-map-missing"),
            entry("CFG002", "secret-missing"),
            entry("IMG002", "image-not-found"),
        ]
    }
}
