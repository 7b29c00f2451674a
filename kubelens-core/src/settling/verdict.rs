use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Cause, ClusterInfo, ObjectRef, Scope};

/// How something stands. The order is that in which the worst of several counts for all of them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It converged, and held.
    Settled,
    /// It is on its way, and nothing says that it cannot get there.
    Progressing,
    /// There is no such object.
    Absent,
    /// What it takes to know could not be read.
    Unreadable,
    /// What it takes to know may not be read.
    Forbidden,
    /// It does not get there.
    Failed,
}

impl Outcome {
    /// The word that verdicts carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Progressing => "progressing",
            Self::Absent => "absent",
            Self::Unreadable => "unreadable",
            Self::Forbidden => "forbidden",
            Self::Failed => "failed",
        }
    }

    /// The exit status that stands for it, for automation: 0 settled, 1 failed, 2 progressing, 3 not permitted to
    /// know, 4 matched nothing, 5 could not be read.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Settled => 0,
            Self::Failed => 1,
            Self::Progressing => 2,
            Self::Forbidden => 3,
            Self::Absent => 4,
            Self::Unreadable => 5,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether what was asked about has settled, as of one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Always `kubelens.dev/v1alpha1`.
    pub api_version: String,
    /// Always `Verdict`.
    pub kind: String,
    /// The instant of the last picture that was looked at; null where it holds no time at all.
    #[schemars(with = "Option<String>")]
    pub taken_at: Option<Timestamp>,
    /// The cluster it speaks of.
    pub cluster: ClusterInfo,
    /// What of the cluster was looked at.
    pub scope: Scope,
    /// How all targets together stand: as the worst of them.
    pub outcome: Outcome,
    /// The exit status of the run.
    pub exit_status: u8,
    /// Each target, in the order in which they were asked for.
    pub targets: Vec<TargetVerdict>,
    /// What the diagnosis says about targets that have not settled, ranked.
    pub causes: Vec<Cause>,
}

/// How one target stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetVerdict {
    /// The object.
    pub object: ObjectRef,
    /// How it stands.
    pub outcome: Outcome,
    /// Why, in one line: what it waits for, what failed, what could not be read.
    pub reason: String,
    /// For how many seconds in total evidence of a failure has stood.
    pub wedged_seconds: i64,
    /// Ids of the causes that concern it.
    pub causes: Vec<String>,
}
