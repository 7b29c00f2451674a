use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::RequestId;
use crate::api::error::Code;

/// Why a request was not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// No credential.
    Missing,
    /// A credential that is not good.
    Invalid,
    /// The provider that could tell cannot be reached.
    ProviderDown,
    /// A role that is too low.
    Role,
    /// The write gate is closed.
    Gate,
    /// A browser's request from elsewhere.
    Csrf,
    /// Too many requests; seconds until the next window.
    Rate(u64),
    /// Too many failed sign-ins; seconds until the next try.
    Lockout(u64),
    /// No such path.
    NotFound,
    /// Another method; the path's own ones.
    Method(String),
    /// The audit trail cannot be written.
    Audit(String),
}

/// Why somebody was not let in, for who counts: put into the answer's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub &'static str);

impl Denial {
    fn parts(&self) -> (Code, &str) {
        match self {
            Denial::Missing => (Code::Unauthenticated, "missing bearer token"),
            Denial::Invalid => (Code::Unauthenticated, "invalid bearer token"),
            Denial::ProviderDown => (
                Code::IdentityUnavailable,
                "the identity provider cannot be reached; try again",
            ),
            Denial::Role => (Code::Forbidden, "insufficient role for this action"),
            Denial::Gate => (
                Code::WriteGateBlocked,
                "mutating operations are disabled for this environment",
            ),
            Denial::Csrf => (
                Code::CsrfBlocked,
                "the request does not come from this site",
            ),
            Denial::Rate(_) => (Code::RateLimited, "rate limit exceeded"),
            Denial::Lockout(_) => (Code::LoginLocked, "too many failed logins"),
            Denial::NotFound => (Code::NotFound, "not found"),
            Denial::Method(_) => (Code::MethodNotAllowed, "method not allowed"),
            Denial::Audit(text) => (Code::AuditUnavailable, text),
        }
    }

    /// What the audit trail calls it; nothing = not a denial of a person.
    pub(super) fn action(&self) -> Option<&'static str> {
        match self {
            Denial::Missing | Denial::Invalid => Some("unauthenticated"),
            Denial::Role => Some("forbidden"),
            Denial::Gate => Some("write_gate_blocked"),
            Denial::Csrf => Some("csrf_blocked"),
            Denial::Rate(_) => Some("rate_limited"),
            Denial::Lockout(_) => Some("login_rate_limited"),
            Denial::ProviderDown => Some("login_failed"),
            Denial::NotFound | Denial::Method(_) | Denial::Audit(_) => None,
        }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.parts().0.status()
    }

    /// The answer.
    pub fn answer(&self, request_id: Option<&str>) -> Response {
        let (code, text) = self.parts();
        let mut response = written(code, text, request_id);
        if let Some(reason) = self.action() {
            response.extensions_mut().insert(Refused(reason));
        }
        let headers = response.headers_mut();
        match self {
            Denial::Missing | Denial::Invalid => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Denial::Rate(seconds) | Denial::Lockout(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from((*seconds).max(1)));
            }
            Denial::ProviderDown | Denial::Audit(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(5));
            }
            Denial::Method(methods) => {
                if let Ok(value) = HeaderValue::from_str(methods) {
                    headers.insert(header::ALLOW, value);
                }
            }
            _ => {}
        }
        response
    }
}

/// An error in the shape of all of them.
pub(super) fn written(code: Code, text: &str, request_id: Option<&str>) -> Response {
    let mut body = json!({"error": text, "code": code.as_str()});
    if let (Some(id), Some(body)) = (request_id, body.as_object_mut()) {
        body.insert("requestId".to_owned(), id.into());
    }
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    (code.status(), [(header::CONTENT_TYPE, kind)], Json(body)).into_response()
}

/// The id of a request, when it has one.
pub(super) fn request_id(request: &Request) -> Option<String> {
    request
        .extensions()
        .get::<RequestId>()
        .map(|it| it.0.clone())
}
