//! Every error that the API answers with, in one table.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident $text:literal $status:literal;)*) => {
        /// What went wrong; clients may rely on the text and the status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$meta])* $name,)* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it stands in answers: `not_found`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status.
            pub fn status(self) -> StatusCode {
                let number = match self { $(Self::$name => $status,)* };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    };
}

codes! {
    /// Something in the request makes no sense.
    BadRequest "bad_request" 400;
    /// The body is no JSON that fits.
    InvalidBody "invalid_body" 400;
    /// The cluster says that the object is not valid.
    Invalid "invalid" 400;
    /// Pods of the node may not be evicted.
    DrainBlocked "drain_blocked" 400;
    /// There is nothing to go back to.
    NoRevision "no_revision" 400;
    /// There is nothing to sign in to.
    AuthDisabled "auth_disabled" 400;
    /// Nobody is signed in.
    Unauthenticated "unauthenticated" 401;
    /// The role is too low.
    Forbidden "forbidden" 403;
    /// Kubernetes refuses the caller, or this server's account.
    ClusterForbidden "cluster_forbidden" 403;
    /// Changes are switched off.
    WriteGateBlocked "write_gate_blocked" 403;
    /// Terminals and ports of pods are switched off.
    ExecDisabled "exec_disabled" 403;
    /// The request comes from another site.
    CsrfBlocked "csrf_blocked" 403;
    /// There is no such thing.
    NotFound "not_found" 404;
    /// There is no cluster of this name.
    ClusterNotFound "cluster_not_found" 404;
    /// The route has other methods.
    MethodNotAllowed "method_not_allowed" 405;
    /// The object was changed meanwhile, or belongs to somebody else.
    Conflict "conflict" 409;
    /// An object of this name is there already.
    AlreadyExists "already_exists" 409;
    /// Nothing would make the pod again.
    UnownedPod "unowned_pod" 409;
    /// It is not in the state for this.
    WrongState "wrong_state" 409;
    /// The first request with this key is not answered yet.
    IdempotencyInProgress "idempotency_in_progress" 409;
    /// Whether it was done is not known.
    OutcomeUnknown "outcome_unknown" 409;
    /// The continue token is of a picture that is gone.
    ContinueExpired "continue_expired" 410;
    /// The body is too long.
    TooLarge "too_large" 413;
    /// The body is of a type that is not read.
    UnsupportedMediaType "unsupported_media_type" 415;
    /// The key was used for another request.
    IdempotencyKeyReused "idempotency_key_reused" 422;
    /// The route is for a WebSocket.
    UpgradeRequired "upgrade_required" 426;
    /// Too many requests.
    RateLimited "rate_limited" 429;
    /// Too many wrong sign-ins.
    LoginLocked "login_locked" 429;
    /// A bug.
    Internal "internal" 500;
    /// It comes in a later version.
    NotImplemented "not_implemented" 501;
    /// What the caller may do in the cluster could not be asked.
    RightsUnknown "rights_unknown" 503;
    /// The cluster cannot be read, or could not for too long.
    ClusterUnavailable "cluster_unavailable" 503;
    /// Who vouches for people cannot be asked.
    IdentityUnavailable "identity_unavailable" 503;
    /// What has to be written down before it is done could not be.
    AuditUnavailable "audit_unavailable" 503;
    /// The store does not work.
    StoreUnavailable "store_unavailable" 503;
    /// More is asked for than can be answered now.
    Overloaded "overloaded" 503;
    /// It took too long.
    Timeout "timeout" 504;
}

/// An answer that is an error.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// What went wrong.
    pub code: Code,
    /// The same for people: one line.
    pub message: String,
    /// More, for programs.
    pub details: Option<Value>,
    /// When it is worth asking again, in seconds.
    pub retry_after: Option<u64>,
}

/// The body of an error.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// One line for people.
    pub error: String,
    /// Stable, for programs.
    pub code: String,
    /// The id of the request.
    pub request_id: String,
    /// More, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl ApiError {
    /// An error with its one line.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            retry_after: None,
        }
    }

    /// Something in the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// There is no such thing.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(Code::NotFound, what)
    }

    /// With more for programs.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// With the seconds after which it is worth asking again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same error as told by a library: its status and its text.
    pub fn told(status: StatusCode, text: impl Into<String>) -> Self {
        let code = match status.as_u16() {
            404 => Code::NotFound,
            405 => Code::MethodNotAllowed,
            413 => Code::TooLarge,
            415 => Code::UnsupportedMediaType,
            426 => Code::UpgradeRequired,
            400..=499 => Code::BadRequest,
            _ => Code::Internal,
        };
        Self::new(code, text)
    }

    /// The body, for a request of this id.
    pub fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: self.message.clone(),
            code: self.code.as_str().to_owned(),
            request_id: request_id.to_owned(),
            details: self.details.clone(),
        }
    }
}

impl IntoResponse for ApiError {
    /// Without a body: the outermost layer writes it, with the id of the request.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(http::header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// How the cluster's refusal is passed on.
impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        let status = match error {
            kube::Error::Api(status) => status,
            other => {
                let mut cause: &(dyn std::error::Error + 'static) = &other;
                while let Some(source) = cause.source() {
                    cause = source;
                }
                return Self::new(
                    Code::ClusterUnavailable,
                    format!("the cluster does not answer: {cause}"),
                )
                .retry_after(5);
            }
        };
        let code = match status.code {
            400 | 422 => Code::Invalid,
            401 => Code::ClusterUnavailable,
            403 => Code::ClusterForbidden,
            404 => Code::NotFound,
            409 if status.reason == "AlreadyExists" => Code::AlreadyExists,
            409 => Code::Conflict,
            410 => Code::ContinueExpired,
            413 => Code::TooLarge,
            429 => Code::Overloaded,
            504 => Code::Timeout,
            _ => Code::ClusterUnavailable,
        };
        Self::new(code, kubelens_core::model::safe_text(&status.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        let all = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), all);
        for code in Code::ALL {
            let status = code.status();
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code:?}"
            );
        }
    }
}
