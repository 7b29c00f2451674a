use futures::future::BoxFuture;

use super::credential::{Refused, Verified};

/// Somebody who can tell whose a bearer token is.
pub(super) trait Verifier: Send + Sync {
    /// Whose token it is.
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Verified, Refused>>;
}
