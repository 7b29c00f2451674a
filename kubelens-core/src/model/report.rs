use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cause, Coverage, CoverageState, Finding, Note, ServerAnswer, Severity};

/// The one result type: what is broken, why, with the proof, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always `kubelens.dev/v1alpha1`.
    pub api_version: String,
    /// Always `Report`.
    pub kind: String,
    /// The instant that the report describes; null where the picture holds no time at all.
    #[schemars(with = "Option<String>")]
    pub taken_at: Option<Timestamp>,
    /// The cluster it speaks of.
    pub cluster: ClusterInfo,
    /// What of the cluster was looked at.
    pub scope: Scope,
    /// Counts.
    pub summary: Summary,
    /// What to read, ranked: each fault once.
    pub causes: Vec<Cause>,
    /// Everything that an analyzer saw.
    pub findings: Vec<Finding>,
    /// What could not be read.
    pub coverage: Coverage,
    /// What about the settings has to be known or changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What the API server said to the manifests that `check --server-side-dry-run` tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dry_run: Vec<ServerAnswer>,
    /// The clusters of a report over several, one by one; empty where it is about one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterReport>,
    /// What was left out of the report to keep it short; its counts are of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<Omitted>,
}

/// One cluster of a report over several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterReport {
    /// The cluster.
    pub cluster: ClusterInfo,
    /// When its picture was taken.
    #[schemars(with = "Option<String>")]
    pub taken_at: Option<Timestamp>,
    /// Its own counts; null where it could not be checked.
    pub summary: Option<Summary>,
    /// Why it could not be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What was left out of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Omitted {
    /// Causes that are not in the report at all.
    pub causes: usize,
    /// Causes of which only id, code and title are left.
    pub details: usize,
    /// Items of proof.
    pub evidence: usize,
    /// Findings.
    pub findings: usize,
    /// Kinds that `coverage` does not name, by what keeps them from being known; its percentage is of all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub coverage: BTreeMap<CoverageState, usize>,
    /// How to get what was left out.
    pub hint: String,
}

/// Which cluster a report speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterInfo {
    /// The context's or the file's name.
    pub name: String,
    /// The API server's version, where known.
    pub version: Option<String>,
    /// `live`, `files` or `demo`.
    pub source: String,
}

/// What of the cluster was looked at; empty means all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// The namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// The label selector, as given.
    pub selector: Option<String>,
    /// Patterns of namespaces whose own faults were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_namespaces: Vec<String>,
    /// The codes of checks that ran besides those of the profile `default`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks_added: Vec<String>,
    /// The codes of checks of the profile `default` that did not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks_left_out: Vec<String>,
    /// The least severity of the causes that were kept; none where all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
}

/// Counts over a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Causes of any severity.
    pub causes: usize,
    /// Causes that are critical.
    pub critical: usize,
    /// Causes that are warnings.
    pub warning: usize,
    /// Causes that are info.
    pub info: usize,
    /// Objects that were read.
    pub objects: usize,
    /// 0 (all down) to 100 (nothing wrong seen); null where nothing could be judged.
    pub health_score: Option<u8>,
}
