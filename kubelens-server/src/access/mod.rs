//! Who may do what: one table of routes, four layers, the routes of sign-in.
//!
//! ```text
//! request id ─> security_headers ─> (panic guard, deadline) ─> authenticate ─> limit
//!   ─> (measures, log) ─> authorize ─> (cluster) ─> record ─> handler
//! ```
//!
//! `authenticate` finds out who asks and for which rule of the table; `authorize` decides. What is
//! not in the table is not there. Credentials are kept as hashes and compared in constant time.

mod authenticate;
mod authorize;
pub(crate) mod cookies;
mod credential;
mod csrf;
mod denial;
mod headers;
mod identity;
pub mod impersonation;
mod lockout;
mod oidc;
mod origin;
mod record;
pub mod rights;
mod role;
mod routes;
mod routing;
mod sessions;
pub mod table;
pub mod tls;
mod token_review;
mod tokens;
mod verifier;
mod window;

use std::sync::{Arc, OnceLock};

use jiff::SignedDuration;

pub use authenticate::{AskedBy, authenticate, limit};
pub use authorize::{authorize, require};
pub use credential::{Channel, Credential};
pub use denial::{Denial, Refused};
pub use headers::security_headers;
pub use identity::{Identity, Provider};
pub use origin::{ClientAddress, Secure};
pub use record::{AuditNote, record};
pub use role::Role;
pub use routes::{described, routes};
pub use sessions::SessionId;

use crate::audit::Audit;
use crate::clock;
use crate::settings::{AuditReads, Authentication, EffectiveSetting, Impersonation, Settings};
use crate::store::{Store, StoreError};
use lockout::Lockout;
use oidc::Oidc;
use routing::Routing;
use sessions::Sessions;
use token_review::Reviewer;
use tokens::TokenBook;
use window::Windows;

/// The id of a request: in logs, audit, errors and traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Everything that decides about access; a cheap handle, the state of all layers.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Authentication,
    effective: Vec<EffectiveSetting>,
    writes: bool,
    audit_reads: AuditReads,
    impersonation: Impersonation,
    tokens: TokenBook,
    oidc: Option<Oidc>,
    reviewer: OnceLock<Reviewer>,
    sessions: Sessions,
    lockout: Lockout,
    windows: Option<Windows>,
    routing: Routing,
    audit: Audit,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Access").finish_non_exhaustive()
    }
}

impl Access {
    /// From the settings; sessions are those of `store`, and without one those of this process.
    pub fn new(
        settings: &Settings,
        store: Option<Store>,
        audit: Audit,
    ) -> Result<Access, StoreError> {
        let authentication = settings.authentication.clone();
        let longest = SignedDuration::try_from(authentication.session_ttl)
            .unwrap_or(SignedDuration::from_hours(12));
        Ok(Access {
            inner: Arc::new(Inner {
                effective: settings.effective().to_vec(),
                writes: settings.writes,
                audit_reads: settings.state.audit_reads,
                impersonation: settings.clusters.impersonation,
                tokens: TokenBook::new(
                    &authentication.tokens,
                    settings.telemetry.metrics_token.as_ref(),
                ),
                oidc: authentication.oidc.clone().map(Oidc::new),
                reviewer: OnceLock::new(),
                sessions: Sessions::open(store, longest, clock::steady())?,
                lockout: Lockout::new(),
                windows: settings.rate_limit.map(Windows::new),
                routing: Routing::new(),
                settings: authentication,
                audit,
            }),
        })
    }

    /// The trail that everything is recorded in.
    pub fn audit(&self) -> &Audit {
        &self.inner.audit
    }

    /// The state directory, where there is one.
    pub fn store(&self) -> Option<&Store> {
        self.inner.sessions.store()
    }

    /// Lets Kubernetes decide about bearer tokens, when the settings ask for it; until this is
    /// called such tokens are refused. Only the first call counts.
    pub fn review_tokens_with(&self, client: kube::Client) {
        if let Some(settings) = &self.inner.settings.token_review {
            let _ = self
                .inner
                .reviewer
                .set(Reviewer::new(client, settings.clone()));
        }
    }

    /// How many sessions hold.
    pub fn sessions(&self) -> usize {
        self.inner.sessions.list(clock::steady()).len()
    }

    /// Whether a session still holds: long streams ask now and then, and end when it does not.
    pub fn is_live(&self, session: SessionId) -> bool {
        self.inner.sessions.is_live(session, clock::steady())
    }
}

#[cfg(test)]
mod tests;
