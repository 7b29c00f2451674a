//! Routes that come in a later version: they say so, and pretend nothing.

use axum::Router;
use axum::routing::any;

use crate::api::error::{ApiError, Code};
use crate::server::AppState;

/// Their patterns.
const LATER: [&str; 27] = [
    "/api/alerts/active",
    "/api/alerts/dispatch",
    "/api/alerts/lifecycle",
    "/api/alerts/rules",
    "/api/alerts/test",
    "/api/assistant",
    "/api/assistant/references/feedback",
    "/api/incidents",
    "/api/incidents/{id}",
    "/api/incidents/{id}/comments",
    "/api/incidents/{id}/postmortem",
    "/api/incidents/{id}/reopen",
    "/api/incidents/{id}/resolve",
    "/api/incidents/{id}/steps/{step}",
    "/api/memory/fixes",
    "/api/memory/fixes/{id}",
    "/api/memory/runbooks",
    "/api/memory/runbooks/{id}",
    "/api/playbooks",
    "/api/postmortems",
    "/api/postmortems/{id}",
    "/api/predictions",
    "/api/predictive-incidents",
    "/api/rag/telemetry",
    "/api/remediation",
    "/api/remediation/propose",
    "/api/remediation/{id}/{verb}",
];

/// Patterns that the room of access answers; where it is not there, nobody does.
const OF_ACCESS: [&str; 11] = [
    "/api/access",
    "/api/audit",
    "/api/audit/export",
    "/api/auth/login",
    "/api/auth/logout",
    "/api/auth/oidc/callback",
    "/api/auth/oidc/login",
    "/api/auth/session",
    "/api/auth/sessions",
    "/api/auth/sessions/{id}",
    "/api/config",
];

/// The router of what the room of access would answer.
pub fn without_access() -> Router<AppState> {
    OF_ACCESS.iter().fold(Router::new(), |router, path| {
        router.route(path, any(not_yet))
    })
}

/// Their router.
pub fn router() -> Router<AppState> {
    let mut router = Router::new();
    for path in LATER
        .iter()
        .chain(&["/api/shift-brief", "/api/remediation/{id}"])
    {
        router = router.route(path, any(not_yet));
    }
    router
}

async fn not_yet() -> ApiError {
    ApiError::new(Code::NotImplemented, "this comes in a later version")
}
