use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a note is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum NoteKind {
    /// A suppression whose time is over: what it covered is reported again.
    SuppressionExpired,
    /// A suppression that covers nothing.
    SuppressionUnused,
    /// A suppression that cannot be understood, and so does nothing.
    SuppressionInvalid,
    /// A rule that was stopped, or could not be evaluated: its condition was not looked for everywhere.
    RuleStopped,
}

/// Something about how the report was made that its reader has to know or to change.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// One line: the thing, the place and the way out.
    pub text: String,
}

impl Note {
    /// A note with this text, made safe to show.
    pub fn new(kind: NoteKind, text: &str) -> Self {
        Self {
            kind,
            text: super::safe_text(text),
        }
    }
}
