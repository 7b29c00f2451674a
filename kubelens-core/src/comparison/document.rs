use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Cause, ClusterInfo, Coverage, Evidence, ObjectRef, Omitted, Report, Scope, Severity, Summary,
};

/// What two reports differ in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportDiff {
    /// Always `kubelens.dev/v1alpha1`.
    pub api_version: String,
    /// Always `ReportDiff`.
    pub kind: String,
    /// The report that things were compared with.
    pub older: Side,
    /// The report whose state of things this is.
    pub newer: Side,
    /// Counts of the changes by state, and of the recoveries.
    pub summary: DiffSummary,
    /// Every cause of both reports, once: what needs a look first.
    pub changes: Vec<Change>,
    /// What broke and recovered between the two pictures; empty where one of them is a report only.
    pub recovered: Vec<Recovery>,
    /// What the newer report could not read.
    pub coverage: Coverage,
    /// What to know before trusting the comparison.
    pub notes: Vec<String>,
    /// What was left out to keep it short; its counts are of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<Omitted>,
}

/// One of the two reports, without its causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// The instant that it describes.
    #[schemars(with = "Option<String>")]
    pub taken_at: Option<Timestamp>,
    /// The cluster it speaks of.
    pub cluster: ClusterInfo,
    /// What of the cluster was looked at.
    pub scope: Scope,
    /// Its counts.
    pub summary: Summary,
}

impl Side {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            taken_at: report.taken_at,
            cluster: report.cluster.clone(),
            scope: report.scope.clone(),
            summary: report.summary.clone(),
        }
    }
}

/// Counts over a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffSummary {
    /// Causes that were not there before.
    pub new: usize,
    /// Causes that got worse.
    pub worsened: usize,
    /// Subjects that are now at fault for another reason.
    pub cause_changed: usize,
    /// Causes that went and came back in between.
    pub flapping: usize,
    /// Causes that are as they were, or better.
    pub ongoing: usize,
    /// Causes of the older report that the newer one could not have seen.
    pub unknown: usize,
    /// Causes that are gone.
    pub fixed: usize,
    /// What broke and recovered in between.
    pub recovered: usize,
}

/// How a cause of one report stands to the other.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum ChangeState {
    /// The older report does not have it.
    New,
    /// Both have it; it is more severe now, or reaches more.
    Worsened,
    /// Both have one for this subject, and the code is another now.
    CauseChanged,
    /// Both have it, and what shows it was well in between.
    Flapping,
    /// Both have it.
    Ongoing,
    /// The newer report does not have it, and could not have seen it.
    Unknown,
    /// The newer report does not have it any more.
    Fixed,
}

impl ChangeState {
    /// All of them, in the order in which they want to be read.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Worsened,
        Self::CauseChanged,
        Self::Flapping,
        Self::Ongoing,
        Self::Unknown,
        Self::Fixed,
    ];

    /// As people read it: `cause changed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worsened => "worsened",
            Self::CauseChanged => "cause changed",
            Self::Flapping => "flapping",
            Self::Ongoing => "ongoing",
            Self::Unknown => "unknown",
            Self::Fixed => "fixed",
        }
    }
}

/// One cause, and how it stands to the other report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// How it stands.
    pub state: ChangeState,
    /// The cause as the newer report has it; as the older has it where the newer does not.
    pub cause: Cause,
    /// What the older report had in its place; null for what is new.
    pub before: Option<Before>,
    /// What makes it so, a sentence each: `was warning`, `1 more affected: Service shop/web`.
    pub reasons: Vec<String>,
}

impl Change {
    /// Whether the newer report tells of something at least this bad that the older did not: a new cause, another
    /// cause, or one that was not as bad.
    pub fn is_newly(&self, limit: Severity) -> bool {
        let is_new = match self.state {
            ChangeState::New | ChangeState::CauseChanged => true,
            ChangeState::Worsened => self
                .before
                .as_ref()
                .is_some_and(|before| before.severity < limit),
            _ => false,
        };
        is_new && self.cause.severity >= limit
    }
}

/// What the older report said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    /// The cause's fingerprint.
    pub id: String,
    /// The analyzer's code.
    pub code: String,
    /// How bad it was.
    pub severity: Severity,
    /// The fault in one line.
    pub title: String,
}

impl Before {
    pub(super) fn of(cause: &Cause) -> Self {
        Self {
            id: cause.id.clone(),
            code: cause.code.clone(),
            severity: cause.severity,
            title: cause.title.clone(),
        }
    }
}

/// Something that was well, broke, and is well again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// What recovered: a pod or a node.
    pub object: ObjectRef,
    /// The container that was restarted, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What happened, in one line.
    pub title: String,
    /// How often its container was restarted in between.
    pub restarts: i64,
    /// The proof.
    pub evidence: Vec<Evidence>,
    /// When it last broke or recovered, whichever is known.
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
}
