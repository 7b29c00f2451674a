use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a kind could not be read in full.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum CoverageState {
    /// The reader has no permission.
    Forbidden,
    /// The server does not serve the kind, or the offline source never held it.
    Absent,
    /// Only a part was read.
    Partial,
    /// Reading failed.
    Error,
}

impl CoverageState {
    /// The word that reports carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Absent => "absent",
            Self::Partial => "partial",
            Self::Error => "error",
        }
    }
}

/// A kind that a check wanted and could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KindCoverage {
    /// The kind.
    pub kind: String,
    /// Why it is not known in full.
    pub state: CoverageState,
    /// What the server or the file said, and how to find out more.
    pub detail: String,
    /// Codes of the checks that could not run, or could not run in full.
    pub checks_skipped: Vec<String>,
}

/// How much of what the checks wanted could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Share of the wanted kinds that were read in full, in percent, rounded down.
    pub percent: u8,
    /// The kinds that were not.
    pub kinds: Vec<KindCoverage>,
}
