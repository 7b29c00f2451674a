use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::session::end;
use super::{Id, error};
use crate::access::{Access, Provider, Role, SessionId};
use crate::api::error::Code;
use crate::api::text::instant;
use crate::clock;

/// A session that holds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionItem {
    /// What it is revoked by; nobody gets in with it.
    id: String,
    /// Whose it is.
    user: String,
    /// With which role.
    role: Role,
    /// Who vouched for them.
    provider: Provider,
    /// When it began.
    created_at: String,
    /// When it was last used.
    last_seen_at: String,
    /// When it ends at the latest.
    expires_at: String,
    /// Whether this request came with it.
    current: bool,
}

/// All sessions that hold.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "access", responses((status = 200, body = Vec<SessionItem>)))]
pub(super) async fn list(
    State(access): State<Access>,
    current: Option<Extension<SessionId>>,
) -> Response {
    let current = current.map(|it| it.0);
    let longest = access.inner.sessions.longest();
    let items: Vec<_> = access
        .inner
        .sessions
        .list(clock::steady())
        .into_iter()
        .map(|(id, it)| {
            let ends = it.created_at.checked_add(longest).unwrap_or(Timestamp::MAX);
            let ends = it.credential_ends_at.map_or(ends, |end| end.min(ends));
            SessionItem {
                id: id.shown(),
                user: it.identity.name,
                role: it.identity.role,
                provider: it.identity.provider,
                created_at: instant(it.created_at),
                last_seen_at: instant(it.last_seen_at),
                expires_at: instant(ends),
                current: Some(id) == current,
            }
        })
        .collect();
    Json(items).into_response()
}

/// Ends a session.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 204, description = "It has ended")))]
pub(super) async fn revoke(
    State(access): State<Access>,
    Path(shown): Path<String>,
    id: Id,
) -> Response {
    let all = access.inner.sessions.list(clock::steady());
    let Some((session, _)) = all.into_iter().find(|(id, _)| id.shown() == shown) else {
        return error(Code::NotFound, "session not found", id);
    };
    match end(&access, vec![session]).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(text) => error(Code::StoreUnavailable, text, id),
    }
}
