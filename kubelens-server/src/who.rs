//! Who asks, and what they may do.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// What somebody may do; each may do what those before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Changes what runs.
    Operator,
    /// Does what nobody should do by accident.
    Admin,
}

impl Role {
    /// `viewer`, `operator`, `admin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Default for Identity {
    /// Without authentication everybody only looks.
    fn default() -> Self {
        Self {
            name: "local-viewer".to_owned(),
            role: Role::Viewer,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Infallible;

    /// Whoever the access layer found; without one, somebody who may look.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
