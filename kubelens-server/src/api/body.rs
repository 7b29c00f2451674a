//! Reads the body of a request: one JSON value, nothing unknown in it, nothing after it.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::error::{ApiError, Code};
use crate::server::AppState;

/// Longest body of a request.
pub const LONGEST: usize = 1024 * 1024;

/// Reads a body of at most so many bytes.
pub async fn read(request: Request, longest: usize) -> Result<Bytes, ApiError> {
    check_kind(request.headers())?;
    axum::body::to_bytes(request.into_body(), longest)
        .await
        .map_err(|_| {
            ApiError::new(
                Code::TooLarge,
                format!("the body is longer than {longest} bytes, or did not come whole"),
            )
        })
}

/// Types under which clients send JSON: some name none, some what their library names by itself.
const KINDS: [&str; 4] = [
    "application/json",
    "text/json",
    "text/plain",
    "application/x-www-form-urlencoded",
];

/// Whether the headers let the body be JSON.
fn check_kind(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(encoding) = text(header::CONTENT_ENCODING)
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            format!("a body with Content-Encoding {encoding} is not read: send it as it is"),
        ));
    }
    let Some(kind) = text(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind.is_empty() || kind.ends_with("+json") || KINDS.contains(&kind.as_str()) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::UnsupportedMediaType,
        format!("a body of Content-Type {kind} is not read: send application/json"),
    ))
}

/// Reads JSON; what the reader says of a mistake is told outside of mode prod only.
pub fn parsed<T: DeserializeOwned>(bytes: &[u8], state: &AppState) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = if state.options.mode == "prod" {
            "invalid JSON body".to_owned()
        } else {
            format!("invalid JSON body: {error}")
        };
        ApiError::new(Code::InvalidBody, text)
    })
}

/// The body of a request; an empty one is `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let bytes = read(request, LONGEST).await?;
        let text: &[u8] = if bytes.trim_ascii().is_empty() {
            b"{}"
        } else {
            &bytes
        };
        parsed(text, state).map(Self)
    }
}

/// A body of which nothing is read.
#[derive(Debug)]
pub struct Ignored;

impl<S: Send + Sync> FromRequest<S> for Ignored {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let body = request.into_body();
        match axum::body::to_bytes(body, LONGEST).await {
            Ok(_) => Ok(Self),
            Err(_) => Err(ApiError::new(
                Code::TooLarge,
                format!("the body is longer than {LONGEST} bytes, or did not come whole"),
            )),
        }
    }
}
/// `1`, `true`, `yes`, `on`, in any case.
pub fn is_true(text: &str) -> bool {
    ["1", "true", "yes", "on"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text.trim()))
}

/// A number of a query: what is no positive number is the default, what is too large the maximum.
pub fn number(text: Option<&str>, default: usize, most: usize) -> usize {
    let number = text
        .and_then(|text| text.trim().parse::<usize>().ok())
        .filter(|number| *number > 0);
    number.unwrap_or(default).min(most)
}
