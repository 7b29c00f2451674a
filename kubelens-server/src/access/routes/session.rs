use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cookie::SameSite;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error;
use crate::access::credential::{Credential, Refused, Verified};
use crate::access::origin::network;
use crate::access::sessions::Session;
use crate::access::{
    Access, AuditNote, ClientAddress, Denial, Identity, RequestId, Role, Secure, SessionId, cookies,
};

type Id = Option<Extension<RequestId>>;

/// Whether somebody is signed in, and what they may do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthSession {
    enabled: bool,
    authenticated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    permissions: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct User {
    name: String,
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    #[serde(default)]
    token: String,
}

pub(super) async fn login(
    State(access): State<Access>,
    address: Option<Extension<ClientAddress>>,
    secure: Option<Extension<Secure>>,
    id: Id,
    body: Bytes,
) -> Response {
    if !access.inner.settings.enabled {
        return error(
            StatusCode::BAD_REQUEST,
            "auth_disabled",
            "authentication is disabled",
            id,
        );
    }
    let text = if body.is_empty() {
        b"{}"
    } else {
        body.as_ref()
    };
    let Ok(login) = serde_json::from_slice::<Login>(text) else {
        return error(
            StatusCode::BAD_REQUEST,
            "invalid_body",
            "invalid JSON body",
            id,
        );
    };
    let token = login.token.trim();
    if token.is_empty() {
        return error(
            StatusCode::BAD_REQUEST,
            "invalid_input",
            "token is required",
            id,
        );
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
            return error(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                text,
                id,
            );
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
    let now = Timestamp::now();
    let session = Session {
        identity: verified.identity,
        created_at: now,
        last_seen_at: now,
        credential: verified.credential,
        credential_ends_at: verified.ends_at,
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

#[derive(Debug, Deserialize)]
pub(super) struct Logout {
    #[serde(default)]
    all: Option<String>,
}

pub(super) async fn logout(
    State(access): State<Access>,
    Query(query): Query<Logout>,
    identity: Option<Extension<Identity>>,
    session: Option<Extension<SessionId>>,
    secure: Option<Extension<Secure>>,
    id: Id,
) -> Response {
    let all = query.all.as_deref().is_some_and(|it| {
        ["1", "true", "yes", "on"]
            .iter()
            .any(|yes| it.eq_ignore_ascii_case(yes))
    });
    let mut ending: Vec<_> = session.into_iter().map(|it| it.0).collect();
    if let (true, Some(Extension(identity))) = (all, &identity) {
        let theirs = access.inner.sessions.list(Timestamp::now());
        let theirs = theirs
            .into_iter()
            .filter(|(_, it)| it.identity.is_same_person(identity));
        ending.extend(theirs.map(|(id, _)| id));
    }
    if let Err(text) = end(&access, ending).await {
        return error(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            text,
            id,
        );
    }
    let mut response = AuthSession::of(&access, None).into_response();
    clear_cookie(&mut response, secure);
    response
}

async fn end(access: &Access, ids: Vec<SessionId>) -> Result<(), String> {
    let access = access.clone();
    let ended = tokio::task::spawn_blocking(move || access.inner.sessions.end(&ids)).await;
    match ended {
        Ok(ended) => ended.map_err(|error| error.to_string()),
        Err(_) => Err("the session could not be ended".to_owned()),
    }
}

pub(super) async fn list(
    State(access): State<Access>,
    current: Option<Extension<SessionId>>,
) -> Response {
    let current = current.map(|it| it.0);
    let longest = access.inner.sessions.longest();
    let items: Vec<_> = access
        .inner
        .sessions
        .list(Timestamp::now())
        .into_iter()
        .map(|(id, it)| {
            let ends = it.created_at.checked_add(longest).unwrap_or(Timestamp::MAX);
            let ends = it.credential_ends_at.map_or(ends, |end| end.min(ends));
            let second = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            json!({
                "id": id.shown(),
                "user": it.identity.name,
                "role": it.identity.role,
                "provider": it.identity.provider,
                "createdAt": second(it.created_at),
                "lastSeenAt": second(it.last_seen_at),
                "expiresAt": second(ends),
                "current": Some(id) == current,
            })
        })
        .collect();
    Json(items).into_response()
}

pub(super) async fn revoke(
    State(access): State<Access>,
    Path(shown): Path<String>,
    id: Id,
) -> Response {
    let all = access.inner.sessions.list(Timestamp::now());
    let Some((session, _)) = all.into_iter().find(|(id, _)| id.shown() == shown) else {
        return error(StatusCode::NOT_FOUND, "not_found", "session not found", id);
    };
    match end(&access, vec![session]).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(text) => error(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            text,
            id,
        ),
    }
}
