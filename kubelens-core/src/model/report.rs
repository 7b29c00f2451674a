use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cause, Coverage, Finding, Note};

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
