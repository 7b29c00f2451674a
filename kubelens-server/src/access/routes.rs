//! The routes that belong to this room: sign-in, sessions, the audit trail, access, settings.

mod audit;
mod rights;
pub(super) mod session;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::json;

use super::{Access, RequestId, oidc};

/// The routes, with their state; merge them into the router before the layers.
pub fn routes(access: Access) -> Router {
    Router::new()
        .route("/api/auth/session", get(session::show))
        .route("/api/auth/login", post(session::login))
        .route("/api/auth/logout", post(session::logout))
        .route("/api/auth/oidc/login", get(oidc::login))
        .route("/api/auth/oidc/callback", get(oidc::callback))
        .route("/api/auth/sessions", get(session::list))
        .route("/api/auth/sessions/{id}", delete(session::revoke))
        .route("/api/audit", get(audit::list))
        .route("/api/audit/export", get(audit::export))
        .route("/api/access", get(rights::show))
        .route("/api/config", get(show_config))
        .with_state(access)
}

/// The settings as they hold, secrets masked.
async fn show_config(State(access): State<Access>) -> Response {
    Json(json!({ "items": access.inner.effective })).into_response()
}

/// An error in the shape of all of them.
pub(super) fn error(
    status: StatusCode,
    code: &str,
    text: impl Into<String>,
    id: Option<Extension<RequestId>>,
) -> Response {
    let mut body = json!({"error": text.into(), "code": code});
    if let (Some(Extension(RequestId(id))), Some(body)) = (id, body.as_object_mut()) {
        body.insert("requestId".to_owned(), id.into());
    }
    (status, Json(body)).into_response()
}
