use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::reading::read;
use super::{Problem, Selector, SuppressionEntry};
use crate::model::{Placed, Severity};
use crate::snapshot::ThresholdSettings;

/// `kubelens.yaml`: what a team has agreed on. Flags win over it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Always `kubelens.dev/v1alpha1`.
    pub api_version: String,
    /// Always `Config`.
    pub kind: String,
    /// The profiles whose analyzers run.
    pub profiles: Option<Placed<Vec<ProfileName>>>,
    /// Numbers that analyzers judge by.
    pub thresholds: ThresholdSettings,
    /// Numbers for some namespaces or labels; the first that matches an object counts.
    pub overrides: Vec<Placed<OverrideEntry>>,
    /// How bad a condition is here, by code, name or pattern; `off` does not look for it.
    pub severities: BTreeMap<String, Placed<SeverityName>>,
    /// Findings that are known and accepted.
    pub suppressions: Vec<Placed<SuppressionEntry>>,
    /// The registries that images may come from; none for any.
    pub registries: Option<Placed<Vec<String>>>,
    /// Namespaces whose own faults are left out, unless they hurt others; patterns.
    pub exclude_namespaces: Vec<Placed<String>>,
    /// Where `diagnose` writes to, as for `-o`: `human`, `json=report.json`.
    pub outputs: Option<Placed<Vec<String>>>,
    /// Files and folders of rule packs, from this file's folder on.
    pub rules: Vec<Placed<String>>,
}

/// A profile, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProfileName {
    /// What is broken or about to break.
    Default,
    /// What simple cluster checkers warn of, beyond the default.
    Classic,
    /// What makes an attack easier.
    Security,
    /// Order and habits.
    Hygiene,
    /// Everything.
    All,
}

/// A severity, or not looked for at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeverityName {
    /// Something that should serve does not, now.
    Critical,
    /// Degraded, at risk, or wrong but not yet hurting.
    Warning,
    /// Hygiene and opinion.
    Info,
    /// Not looked for.
    Off,
}

impl SeverityName {
    /// The severity; none for `off`.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Off => None,
        }
    }
}

/// Thresholds for some objects.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct OverrideEntry {
    /// In these namespaces; patterns. None for all.
    pub namespaces: Vec<String>,
    /// With these labels.
    pub selector: Option<Selector>,
    /// The numbers.
    pub thresholds: ThresholdSettings,
}

impl Config {
    /// The kind of the document.
    pub const KIND: &'static str = "Config";

    /// Reads it; `place` is what messages call the file. A file without a word in it says nothing.
    pub fn parse(place: &str, text: &str) -> Result<Self, Problem> {
        let is_silent = |line: &str| {
            let line = line.trim();
            line.is_empty() || line.starts_with('#') || line == "---"
        };
        let unmarked = text.trim_start_matches('\u{feff}');
        if unmarked.lines().all(is_silent) {
            return Ok(Self::default());
        }
        read(place, Self::KIND, text)
    }
}
