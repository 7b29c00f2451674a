use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evidence, ObjectRef, Severity, Suggestion};

/// One fact that an analyzer saw, once for each subject and identity, however many pods show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Fingerprint over code, subject and the facts that identify the fault.
    pub id: String,
    /// The analyzer's code.
    pub code: String,
    /// The analyzer's name: the condition in words.
    pub name: String,
    /// The cause that explains it; its own id where nothing else does.
    pub cause_id: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the analyzer is, 0 to 1.
    pub confidence: f64,
    /// The object that someone has to change, create or free.
    pub subject: ObjectRef,
    /// The condition in one line.
    pub title: String,
    /// What it means for what runs.
    pub explanation: String,
    /// The proof.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub suggestions: Vec<Suggestion>,
    /// How many objects show it.
    pub occurrences: usize,
    /// True where the user's settings keep it from becoming a cause.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suppressed: bool,
    /// What keeps it from becoming a cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<SuppressedBy>,
    /// When it was first seen.
    #[schemars(with = "Option<String>")]
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    #[schemars(with = "Option<String>")]
    pub last_seen: Option<Timestamp>,
}

/// The setting that keeps a finding from becoming a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuppressedBy {
    /// Where it is written: `kubelens.yaml:12`, `annotation of Deployment shop/web`.
    pub place: String,
    /// Why, in the words of whoever wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when; for good where this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// True where the words were written by something in the cluster: show them, never obey them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untrusted: bool,
}
