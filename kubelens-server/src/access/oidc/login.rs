//! The browser's login: authorization code with PKCE, state and nonce. What was begun is kept
//! here, bound to the browser by a cookie, for ten minutes and for one use.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::SameSite;
use jiff::SignedDuration;
use lru::LruCache;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::keys::{client, read};
use super::{Oidc, Refused};
use crate::access::credential::Verified;
use crate::access::routes::{error, session};
use crate::access::tokens::{Fingerprint, fingerprint};
use crate::access::{Access, AuditNote, Denial, RequestId, Secure, cookies};
use crate::api::error::Code;
use crate::api::query::Query;

const COOKIE: &str = "kubelens_oidc";
const LIFE: Duration = Duration::from_mins(10);
const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

struct Pending {
    browser: Fingerprint,
    nonce: String,
    verifier: String,
    return_to: String,
    begun: Instant,
}

/// Logins that wait for the provider's answer, by the hash of their state; the oldest go.
pub(in crate::access) struct PendingLogins {
    waiting: Mutex<LruCache<Fingerprint, Pending>>,
}

impl PendingLogins {
    pub(super) fn new() -> PendingLogins {
        PendingLogins {
            waiting: Mutex::new(LruCache::new(MOST)),
        }
    }

    fn put(&self, state: &str, pending: Pending) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(fingerprint(state), pending);
    }

    fn take(&self, state: &str) -> Option<Pending> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = waiting.pop(&fingerprint(state))?;
        (pending.begun.elapsed() < LIFE).then_some(pending)
    }
}

type Id = Option<Extension<RequestId>>;

/// Where somebody wants to be once they are signed in.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::access) struct Begin {
    /// A path of this site; `/` without it.
    #[serde(default, rename = "returnTo")]
    return_to: String,
}

/// Sends the browser to the identity provider; 404 where none is configured.
#[utoipa::path(get, path = "/api/auth/oidc/login", tag = "access", params(Begin),
    responses((status = 302, description = "To the provider", headers(("Location" = String)))))]
pub(in crate::access) async fn login(
    State(access): State<Access>,
    Query(query): Query<Begin>,
    secure: Option<Extension<Secure>>,
    id: Id,
) -> Response {
    let Some(oidc) = &access.inner.oidc else {
        return no_provider(id);
    };
    match oidc.begin(&query.return_to).await {
        Ok((address, browser)) => {
            let mut response = redirect(&address);
            let secure = secure.map_or(Secure(false), |it| it.0);
            let life = SignedDuration::from_secs(600);
            // Lax: the provider's redirect comes from another site.
            if let Some(value) = cookies::set(COOKIE, &browser, life, SameSite::Lax, secure) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
            response
        }
        Err(denial) => denial.answer(id.as_ref().map(|it| it.0.0.as_str())),
    }
}

/// The provider's answer.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::access) struct Callback {
    /// What the token is got with.
    #[serde(default)]
    code: String,
    /// What the login was begun with.
    #[serde(default)]
    state: String,
}

/// Takes the provider's answer and begins a session.
#[utoipa::path(get, path = "/api/auth/oidc/callback", tag = "access", params(Callback),
    responses((status = 302, description = "To where the login was begun for", headers(("Location" = String)))))]
pub(in crate::access) async fn callback(
    State(access): State<Access>,
    Query(query): Query<Callback>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    id: Id,
) -> Response {
    let Some(oidc) = &access.inner.oidc else {
        return no_provider(id);
    };
    let browser = cookies::find(&headers, COOKIE).unwrap_or_default();
    let (verified, return_to) = match oidc.finish(&query, browser).await {
        Ok(done) => done,
        Err(denial) => {
            let mut response = denial.answer(id.as_ref().map(|it| it.0.0.as_str()));
            response.extensions_mut().insert(AuditNote {
                action: Some("login_failed"),
                ..AuditNote::default()
            });
            return response;
        }
    };
    let user = (verified.identity.name.clone(), verified.identity.role);
    let cookie = match session::begin(&access, verified).await {
        Ok(cookie) => cookie,
        Err(text) => {
            return error(Code::StoreUnavailable, text, id);
        }
    };
    let mut response = redirect(&return_to);
    session::set_cookie(&access, &mut response, &cookie, secure);
    response.extensions_mut().insert(AuditNote {
        user: Some(user),
        ..AuditNote::default()
    });
    response
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Oidc {
    async fn begin(&self, return_to: &str) -> Result<(String, String), Denial> {
        let down = |_| Denial::ProviderDown;
        let endpoints = self.keys.endpoints().await.map_err(down)?;
        let mut address = endpoints
            .authorization_endpoint
            .ok_or(Denial::ProviderDown)?;
        let redirect = self
            .settings
            .redirect_url
            .as_ref()
            .ok_or(Denial::NotFound)?;
        let random = || random().ok_or(Denial::ProviderDown);
        let (state, nonce, verifier, browser) = (random()?, random()?, random()?, random()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect.as_str())
            .append_pair("scope", "openid profile email")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let pending = Pending {
            browser: fingerprint(&browser),
            nonce,
            verifier,
            return_to: local(return_to).to_owned(),
            begun: Instant::now(),
        };
        self.logins.put(&state, pending);
        Ok((address.into(), browser))
    }

    async fn finish(&self, answer: &Callback, browser: &str) -> Result<(Verified, String), Denial> {
        let pending = self.logins.take(&answer.state).ok_or(Denial::Invalid)?;
        if !bool::from(pending.browser.ct_eq(&fingerprint(browser))) || answer.code.is_empty() {
            return Err(Denial::Invalid);
        }
        let token = self.exchange(&answer.code, &pending.verifier).await?;
        let denial = |refused| match refused {
            Refused::Invalid => Denial::Invalid,
            Refused::ProviderDown => Denial::ProviderDown,
        };
        let claims = self.claims(&token).await.map_err(denial)?;
        let nonce = claims
            .get("nonce")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(pending.nonce.as_bytes())) {
            return Err(Denial::Invalid);
        }
        let mut verified = self.verified(&token, &claims).map_err(denial)?;
        // The token proved who it is; the session has limits of its own.
        verified.ends_at = None;
        Ok((verified, pending.return_to))
    }

    async fn exchange(&self, code: &str, verifier: &str) -> Result<String, Denial> {
        let endpoints = self
            .keys
            .endpoints()
            .await
            .map_err(|_| Denial::ProviderDown)?;
        let address = endpoints.token_endpoint.ok_or(Denial::ProviderDown)?;
        let redirect = self
            .settings
            .redirect_url
            .as_ref()
            .ok_or(Denial::NotFound)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect.as_str()),
            ("client_id", self.settings.client_id.as_str()),
            ("code_verifier", verifier),
        ];
        let secret = self
            .settings
            .client_secret
            .as_ref()
            .map(|it| it.expose_secret());
        let methods = &endpoints.token_endpoint_auth_methods_supported;
        let basic = methods.is_empty() || methods.iter().any(|it| it == "client_secret_basic");
        if let (Some(secret), false) = (secret, basic) {
            form.push(("client_secret", secret));
        }
        let http = client().map_err(|_| Denial::ProviderDown)?;
        let mut request = http.post(address).form(&form);
        if let (Some(secret), true) = (secret, basic) {
            request = request.basic_auth(&self.settings.client_id, Some(secret));
        }
        let answer = request.send().await.map_err(|_| Denial::ProviderDown)?;
        if answer.status().is_client_error() {
            return Err(Denial::Invalid);
        }
        let tokens: Tokens = read(answer).await.map_err(|_| Denial::ProviderDown)?;
        Ok(tokens.id_token)
    }
}

fn random() -> Option<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// A path of this site, else its root: nobody is sent elsewhere.
fn local(path: &str) -> &str {
    let plain = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|it| (0x21..0x7f).contains(&it));
    if plain { path } else { "/" }
}

fn redirect(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(value) => (StatusCode::FOUND, [(header::LOCATION, value)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn no_provider(id: Id) -> Response {
    error(Code::NotFound, "no identity provider is configured", id)
}
