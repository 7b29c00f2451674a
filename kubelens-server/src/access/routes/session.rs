use std::time::Instant;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use cookie::SameSite;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, error};
use crate::access::credential::{Credential, Refused, Verified};
use crate::access::origin::network;
use crate::access::sessions::Session;
use crate::access::{
    Access, AuditNote, ClientAddress, Denial, Identity, Role, Secure, SessionId, cookies,
};
use crate::api::body::{self, is_true};
use crate::api::error::Code;
use crate::api::query::Query;
use crate::clock;

/// Whether somebody is signed in, and what they may do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuthSession {
    /// Whether people sign in at all; if not, everybody is a viewer.
    enabled: bool,
    /// Whether the caller is known.
    authenticated: bool,
    /// Who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    /// What they may do: `read`, `assist`, `stream`, `write`.
    #[schema(value_type = Vec<String>)]
    permissions: &'static [&'static str],
}

/// Somebody who is signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct User {
    /// Their name.
    name: String,
    /// Their role.
    role: Role,
}

impl AuthSession {
    fn of(access: &Access, identity: Option<&Identity>) -> Json<AuthSession> {
        let enabled = access.inner.settings.enabled;
        let known = identity.filter(|_| enabled);
        let permissions: &[&str] = match (enabled, known) {
            (false, _) => Role::Viewer.permissions(),
            (true, Some(identity)) => identity.role.permissions(),
            (true, None) => &[],
        };
        Json(AuthSession {
            enabled,
            authenticated: known.is_some(),
            user: known.map(|it| User {
                name: it.name.clone(),
                role: it.role,
            }),
            permissions,
        })
    }
}

/// Who the caller is; 200 also where they are nobody.
#[utoipa::path(get, path = "/api/auth/session", tag = "access", responses((status = 200, body = AuthSession)))]
pub(super) async fn show(
    State(access): State<Access>,
    identity: Option<Extension<Identity>>,
    credential: Option<Extension<Credential>>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
) -> Response {
    let mut response = AuthSession::of(&access, identity.as_ref().map(|it| &it.0)).into_response();
    // A cookie that opens nothing is taken away.
    let stale = matches!(credential, Some(Extension(Credential::Invalid)))
        && cookies::find(&headers, cookies::SESSION).is_some()
        && !headers.contains_key(header::AUTHORIZATION);
    if stale {
        clear_cookie(&mut response, secure);
    }
    response
}

/// What somebody signs in with.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// A token of the settings, an ID token of the provider, or a token that Kubernetes knows.
    #[serde(default)]
    #[schema(required, min_length = 1)]
    token: String,
}

/// Begins a session, which the cookie `kubelens_auth` stands for.
#[utoipa::path(post, path = "/api/auth/login", tag = "access", request_body = Login,
    responses((status = 200, body = AuthSession,
        headers(("Set-Cookie" = String, description = "The cookie of the session")))))]
pub(super) async fn login(
    State(access): State<Access>,
    address: Option<Extension<ClientAddress>>,
    secure: Option<Extension<Secure>>,
    id: Id,
    request: Request,
) -> Response {
    if !access.inner.settings.enabled {
        return error(Code::AuthDisabled, "authentication is disabled", id);
    }
    let body = match body::read(request, body::LONGEST).await {
        Ok(body) => body,
        Err(problem) => return error(problem.code, problem.message, id),
    };
    let text: &[u8] = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        &body
    };
    // What the reader says of a mistake might tell of the token.
    let Ok(login) = serde_json::from_slice::<Login>(text) else {
        return error(Code::InvalidBody, "invalid JSON body", id);
    };
    let token = login.token.trim();
    if token.is_empty() {
        return error(Code::BadRequest, "token is required", id);
    }
    let from = address.map(|it| network(it.0.0));
    let now = Instant::now();
    if let Some(wait) = from.and_then(|it| access.inner.lockout.locked(it, now)) {
        return refused(
            &Denial::Lockout(wait.as_secs() + 1),
            "login_rate_limited",
            id,
        );
    }
    let verified = match access.verify(token).await {
        Ok(verified) => verified,
        Err(Refused::ProviderDown) => return refused(&Denial::ProviderDown, "login_failed", id),
        Err(Refused::Invalid) => {
            let locked = from.and_then(|it| access.inner.lockout.failed(it, now));
            return match locked {
                Some(wait) => refused(&Denial::Lockout(wait.as_secs()), "login_rate_limited", id),
                None => refused(&Denial::Invalid, "login_failed", id),
            };
        }
    };
    if let Some(from) = from {
        access.inner.lockout.succeeded(from);
    }
    let identity = verified.identity.clone();
    let cookie = match begin(&access, verified).await {
        Ok(cookie) => cookie,
        Err(text) => {
            return error(Code::StoreUnavailable, text, id);
        }
    };
    let mut response = AuthSession::of(&access, Some(&identity)).into_response();
    set_cookie(&access, &mut response, &cookie, secure);
    response.extensions_mut().insert(AuditNote {
        user: Some((identity.name, identity.role)),
        ..AuditNote::default()
    });
    response
}

/// Begins a session; the value of its cookie, or why it could not be kept.
pub(in crate::access) async fn begin(
    access: &Access,
    verified: Verified,
) -> Result<String, String> {
    let now = clock::steady();
    // What is left of it, wherever the system's clock stands by then.
    let ends_at = verified.ends_at.map(|end| {
        let rest = end.duration_since(Timestamp::now());
        now.checked_add(rest).unwrap_or(end)
    });
    let session = Session {
        identity: verified.identity,
        created_at: now,
        last_seen_at: now,
        credential: verified.credential,
        credential_ends_at: ends_at,
    };
    let access = access.clone();
    let begun = tokio::task::spawn_blocking(move || access.inner.sessions.begin(session)).await;
    match begun {
        Ok(Ok(cookie)) => Ok(cookie),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the session could not be kept".to_owned()),
    }
}

pub(in crate::access) fn set_cookie(
    access: &Access,
    response: &mut Response,
    cookie: &str,
    secure: Option<Extension<Secure>>,
) {
    let secure = secure.map_or(Secure(false), |it| it.0);
    let longest = access.inner.sessions.longest();
    if let Some(value) = cookies::set(cookies::SESSION, cookie, longest, SameSite::Strict, secure) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn clear_cookie(response: &mut Response, secure: Option<Extension<Secure>>) {
    let secure = secure.map_or(Secure(false), |it| it.0);
    if let Some(value) = cookies::clear(cookies::SESSION, secure) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn refused(denial: &Denial, action: &'static str, id: Id) -> Response {
    let mut response = denial.answer(id.as_ref().map(|it| it.0.0.as_str()));
    response.extensions_mut().insert(AuditNote {
        action: Some(action),
        ..AuditNote::default()
    });
    response
}

/// How somebody signs out.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Logout {
    /// Whether all sessions of the caller end.
    #[serde(default)]
    all: Option<String>,
}

/// Ends the session of the cookie; a body is not looked at.
#[utoipa::path(post, path = "/api/auth/logout", tag = "access", params(Logout),
    responses((status = 200, body = AuthSession,
        headers(("Set-Cookie" = String, description = "Takes the cookie away")))))]
pub(super) async fn logout(
    State(access): State<Access>,
    Query(query): Query<Logout>,
    identity: Option<Extension<Identity>>,
    session: Option<Extension<SessionId>>,
    secure: Option<Extension<Secure>>,
    id: Id,
) -> Response {
    let all = query.all.as_deref().is_some_and(is_true);
    let mut ending: Vec<_> = session.into_iter().map(|it| it.0).collect();
    if let (true, Some(Extension(identity))) = (all, &identity) {
        let theirs = access.inner.sessions.list(clock::steady());
        let theirs = theirs
            .into_iter()
            .filter(|(_, it)| it.identity.is_same_person(identity));
        ending.extend(theirs.map(|(id, _)| id));
    }
    if let Err(text) = end(&access, ending).await {
        return error(Code::StoreUnavailable, text, id);
    }
    let mut response = AuthSession::of(&access, None).into_response();
    clear_cookie(&mut response, secure);
    response
}

pub(super) async fn end(access: &Access, ids: Vec<SessionId>) -> Result<(), String> {
    let access = access.clone();
    let ended = tokio::task::spawn_blocking(move || access.inner.sessions.end(&ids)).await;
    match ended {
        Ok(ended) => ended.map_err(|error| error.to_string()),
        Err(_) => Err("the session could not be ended".to_owned()),
    }
}
