use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::is_safe_to_copy;
use super::safe_text;

/// What carrying out a suggestion can do to what runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// It only reads.
    None,
    /// It changes what is broken anyway.
    Low,
    /// It restarts or moves something that serves.
    Medium,
    /// It deletes, or can lose data.
    High,
}

impl Risk {
    /// The word shown beside a command.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What to do about a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// The advice in one sentence.
    pub text: String,
    /// A command to copy as it is: no placeholder is left in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What carrying it out can do.
    pub risk: Risk,
}

impl Suggestion {
    /// Advice without a command.
    pub fn advice(text: impl Into<String>) -> Self {
        Self {
            text: safe_text(&text.into()),
            command: None,
            risk: Risk::Low,
        }
    }

    /// A command that only looks.
    pub fn look(text: impl Into<String>, command: impl Into<String>) -> Self {
        Self::run(text, command, Risk::None)
    }

    /// A command that changes something. One in which a name would make a shell do something else is left
    /// out: the advice stays.
    pub fn run(text: impl Into<String>, command: impl Into<String>, risk: Risk) -> Self {
        Self {
            text: safe_text(&text.into()),
            command: Some(command.into()).filter(|command: &String| is_safe_to_copy(command)),
            risk,
        }
    }
}
