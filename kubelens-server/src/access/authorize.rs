use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::Access;
use super::authenticate::AskedFor;
use super::credential::{Channel, Credential};
use super::csrf::is_same_site;
use super::denial::Denial;
use super::identity::Identity;
use super::origin::Secure;
use super::routing::Asked;
use super::table::{Rule, Who};

/// Decides by the table: credential, site, role, write gate, in this order.
pub async fn authorize(State(access): State<Access>, request: Request, next: Next) -> Response {
    match access.decide(&request) {
        Ok(()) => next.run(request).await,
        Err(denial) => access.deny(&request, &denial).await,
    }
}

impl Access {
    fn decide(&self, request: &Request) -> Result<(), Denial> {
        let asked = request.extensions().get::<AskedFor>().map(|it| it.0);
        let rule = match asked {
            // Without `authenticate` nobody is known, and nothing is let through.
            None => return Err(Denial::Missing),
            Some(Asked::Elsewhere) => return Ok(()),
            Some(Asked::Route(rule)) => Some(rule),
            Some(Asked::Nothing | Asked::Method(_)) => None,
        };
        let credential = request.extensions().get::<Credential>();
        let credential = credential.unwrap_or(&Credential::None);
        if rule.is_none_or(|it| it.who != Who::Public) {
            self.let_in(rule, credential)?;
        }
        match asked {
            Some(Asked::Nothing) => return Err(Denial::NotFound),
            Some(Asked::Method(pattern)) => {
                let methods = self.inner.routing.allow(pattern).to_owned();
                return Err(Denial::Method(methods));
            }
            _ => {}
        }
        let Some(rule) = rule else {
            return Err(Denial::NotFound);
        };
        self.check_site(request, rule, credential)?;
        let held = request.extensions().get::<Identity>().map(|it| it.role);
        if let Who::Role(needed) = rule.who
            && held.is_none_or(|held| held < needed)
        {
            return Err(Denial::Role);
        }
        if rule.is_gated() && !self.inner.writes {
            return Err(Denial::Gate);
        }
        Ok(())
    }

    fn let_in(&self, rule: Option<&Rule>, credential: &Credential) -> Result<(), Denial> {
        if !self.inner.settings.enabled {
            return Ok(());
        }
        match credential {
            Credential::Known { .. } => Ok(()),
            Credential::Scraper if rule.is_some_and(|it| it.who == Who::Scraper) => Ok(()),
            Credential::None => Err(Denial::Missing),
            Credential::Unverifiable => Err(Denial::ProviderDown),
            Credential::Invalid | Credential::Scraper => Err(Denial::Invalid),
        }
    }

    /// A cookie comes along whoever asked the browser; a handshake of a WebSocket, too.
    fn check_site(
        &self,
        request: &Request,
        rule: &Rule,
        credential: &Credential,
    ) -> Result<(), Denial> {
        let channel = match credential {
            Credential::Known { channel, .. } => Some(*channel),
            _ => None,
        };
        let upgrade = request.headers().get(header::UPGRADE);
        let handshake = upgrade.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"websocket"));
        let mutating = channel == Some(Channel::Cookie) && rule.is_mutating();
        if !mutating && (!handshake || channel == Some(Channel::Token)) {
            return Ok(());
        }
        let secure = request.extensions().get::<Secure>().copied();
        let domains = &self.inner.settings.csrf_domains;
        if is_same_site(request, secure.unwrap_or(Secure(false)), domains) {
            Ok(())
        } else {
            Err(Denial::Csrf)
        }
    }
}

/// For handlers: whether the caller has a role that one way of using a route needs (force, grace
/// of nothing, revealing).
pub fn require(identity: &Identity, role: super::Role) -> Result<(), Denial> {
    if identity.role >= role {
        Ok(())
    } else {
        Err(Denial::Role)
    }
}
