//! Sign-in with an OpenID Connect provider: ID tokens as bearers, and the browser's login by code
//! and PKCE.
//!
//! ```text
//! discovery ─> keys ─┐
//! ID token ──────────┴─> signature, issuer, audience, times ─> claims ─> Identity
//! ```

mod claims;
mod keys;
mod login;
mod signature;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

pub(super) use login::{__path_callback, __path_login, PendingLogins, callback, login};

use super::credential::{Refused, Verified};
use super::tokens::fingerprint;
use super::verifier::Verifier;
use crate::settings;
use keys::Keys;

/// Signatures that are accepted: those that only the provider can make.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How far clocks may be apart, in seconds.
const SKEW: u64 = 60;

/// One provider.
pub(super) struct Oidc {
    settings: settings::Oidc,
    keys: Keys,
    logins: PendingLogins,
}

impl Oidc {
    pub(super) fn new(settings: settings::Oidc) -> Oidc {
        signature::install();
        Oidc {
            keys: Keys::new(settings.issuer.clone()),
            logins: PendingLogins::new(),
            settings,
        }
    }

    /// The claims of an ID token that this provider made for this client and that holds now.
    async fn claims(&self, token: &str) -> Result<Map<String, Value>, Refused> {
        let header = decode_header(token).map_err(|_| Refused::Invalid)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Refused::Invalid);
        }
        let (issuer, key) = self.keys.find(header.kid.as_deref(), header.alg).await?;
        let key = DecodingKey::from_jwk(&key).map_err(|_| Refused::Invalid)?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = SKEW;
        validation.validate_nbf = true;
        validation.set_audience(&[&self.settings.client_id]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Map<String, Value>>(token, &key, &validation)
            .map_err(|_| Refused::Invalid)?
            .claims;
        // Made for several, it must have been given to this one.
        let several = claims
            .get("aud")
            .and_then(Value::as_array)
            .is_some_and(|it| it.len() > 1);
        let party = claims.get("azp").and_then(Value::as_str);
        if party.map_or(several, |it| it != self.settings.client_id) {
            return Err(Refused::Invalid);
        }
        Ok(claims)
    }

    fn verified(&self, token: &str, claims: &Map<String, Value>) -> Result<Verified, Refused> {
        let identity = claims::identity(&self.settings, claims).ok_or(Refused::Invalid)?;
        let ends = claims
            .get("exp")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a cast of a float saturates"
        )]
        let ends_at = Timestamp::from_second(ends as i64).ok();
        Ok(Verified {
            identity,
            credential: fingerprint(token),
            ends_at,
        })
    }
}

impl Verifier for Oidc {
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Verified, Refused>> {
        Box::pin(async move {
            let claims = self.claims(token).await?;
            self.verified(token, &claims)
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
