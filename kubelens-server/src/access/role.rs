use serde::{Deserialize, Serialize};

/// What a person may do; each role may do what the ones before it may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads, asks, streams.
    Viewer,
    /// Changes clusters (when the write gate is open) and keeps workflows.
    Operator,
    /// Forces, reveals, manages sessions.
    Admin,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

    /// The word used in settings, claims and answers.
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// The role of that word, whatever its case.
    pub fn named(word: &str) -> Option<Role> {
        Role::ALL
            .into_iter()
            .find(|it| it.word().eq_ignore_ascii_case(word.trim()))
    }

    /// What clients show or hide by.
    pub fn permissions(self) -> &'static [&'static str] {
        match self {
            Role::Viewer => &["read", "assist", "stream"],
            Role::Operator | Role::Admin => &["read", "assist", "stream", "write"],
        }
    }
}
