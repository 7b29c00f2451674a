//! From a request's headers to who asks.

use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use super::identity::{Identity, Provider};
use super::sessions::SessionId;
use super::tokens::{Fingerprint, fingerprint};
use super::verifier::Verifier;
use super::{Access, cookies};
use crate::clock;

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// `Authorization: Bearer` or `X-Auth-Token`.
    Token,
    /// The cookie of a session.
    Cookie,
}

/// What a request shows of its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// Something that is not good.
    Invalid,
    /// Something that cannot be checked now.
    Unverifiable,
    /// The scrape token.
    Scraper,
    /// Somebody.
    Known {
        /// Who.
        identity: Identity,
        /// How they came in.
        channel: Channel,
        /// Their session, for the cookie.
        session: Option<SessionId>,
    },
}

/// A token that is good.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    pub(super) identity: Identity,
    pub(super) credential: Fingerprint,
    pub(super) ends_at: Option<Timestamp>,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Invalid,
    ProviderDown,
}

/// A token is not longer than this, in bytes.
const LONGEST_TOKEN: usize = 16 << 10;

impl Access {
    /// Who sent a request with these headers. The first channel that is used decides.
    pub(super) async fn credential(&self, headers: &HeaderMap) -> Credential {
        if let Some(token) = bearer(headers) {
            return self.by_token(token).await;
        }
        if self.inner.settings.header_token
            && let Some(token) = headers.get("x-auth-token")
        {
            let token = token.to_str().unwrap_or_default().trim();
            if !token.is_empty() {
                return self.by_token(token).await;
            }
        }
        match cookies::find(headers, cookies::SESSION) {
            Some(cookie) => self.by_cookie(cookie),
            None => Credential::None,
        }
    }

    async fn by_token(&self, token: &str) -> Credential {
        if self.inner.tokens.is_scrape(token) {
            return Credential::Scraper;
        }
        match self.verify(token).await {
            Ok(verified) => Credential::Known {
                identity: verified.identity,
                channel: Channel::Token,
                session: None,
            },
            Err(Refused::Invalid) => Credential::Invalid,
            Err(Refused::ProviderDown) => Credential::Unverifiable,
        }
    }

    /// Asks everyone who may know the token: the settings, the provider, Kubernetes.
    pub(super) async fn verify(&self, token: &str) -> Result<Verified, Refused> {
        if token.is_empty() || token.len() > LONGEST_TOKEN {
            return Err(Refused::Invalid);
        }
        if let Some(identity) = self.inner.tokens.find(token) {
            return Ok(Verified {
                identity: identity.clone(),
                credential: fingerprint(token),
                ends_at: None,
            });
        }
        let mut refused = Refused::Invalid;
        for verifier in self.verifiers() {
            match verifier.verify(token).await {
                Ok(verified) => return Ok(verified),
                Err(Refused::ProviderDown) => refused = Refused::ProviderDown,
                Err(Refused::Invalid) => {}
            }
        }
        Err(refused)
    }

    fn verifiers(&self) -> impl Iterator<Item = &dyn Verifier> {
        let oidc = self.inner.oidc.as_ref().map(|it| it as &dyn Verifier);
        let reviewer = self.inner.reviewer.get().map(|it| it as &dyn Verifier);
        oidc.into_iter().chain(reviewer)
    }

    fn by_cookie(&self, cookie: &str) -> Credential {
        let Some((id, session, write)) = self.inner.sessions.find(cookie, clock::steady()) else {
            return Credential::Invalid;
        };
        let identity = match session.identity.provider {
            // It dies with its token, and has the role that the token has now.
            Provider::Token => match self.inner.tokens.by_fingerprint(&session.credential) {
                Some(identity) => identity.clone(),
                None => return Credential::Invalid,
            },
            // It dies with whoever vouched for it.
            Provider::Oidc if self.inner.oidc.is_some() => session.identity,
            Provider::Kubernetes if self.inner.settings.token_review.is_some() => session.identity,
            _ => return Credential::Invalid,
        };
        if write {
            let access = self.clone();
            tokio::task::spawn_blocking(move || {
                if let Err(error) = access.inner.sessions.write_use(id) {
                    tracing::warn!("a session's last use was not written: {error}");
                }
            });
        }
        Credential::Known {
            identity,
            channel: Channel::Cookie,
            session: Some(id),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
