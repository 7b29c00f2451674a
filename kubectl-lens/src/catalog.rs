//! The analyzers, as the plugin lists and explains them.

use clap_complete::CompletionCandidate;
use serde::Serialize;

/// What is told of one analyzer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) family: String,
    pub(crate) severity: kubelens_core::model::Severity,
    pub(crate) confidence: f64,
    /// The first sentence of its documentation.
    pub(crate) summary: String,
    /// Its whole documentation, Markdown.
    #[serde(skip)]
    pub(crate) docs: String,
}

/// All analyzers, by code.
pub(crate) fn entries() -> Vec<Entry> {
    Vec::new()
}

/// Codes to complete `explain` with.
pub(crate) fn candidates() -> Vec<CompletionCandidate> {
    entries().into_iter().map(|entry| CompletionCandidate::new(entry.code).help(Some(entry.summary.into()))).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use kubelens_core::model::Severity;

    use super::Entry;

    /// A small catalog for tests of what reads one.
    pub(crate) fn three_entries() -> Vec<Entry> {
        let entry = |code: &str, name: &str| Entry {
            code: code.into(),
            name: name.into(),
            family: code.chars().take(3).collect(),
            severity: Severity::Critical,
            confidence: 0.9,
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
