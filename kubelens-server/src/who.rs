//! Who asks, as handlers see it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

pub use crate::access::{Identity, Role};

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Infallible;

    /// Whoever the access layers found; without them, somebody who may look.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let found = parts.extensions.get::<Self>().cloned();
        Ok(found.unwrap_or_else(Self::local_viewer))
    }
}
