//! Reads the body of a request: one JSON value, nothing unknown in it, nothing after it.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::error::{ApiError, Code};

/// Longest body of a request.
pub const LONGEST: usize = 1024 * 1024;

/// The body of a request; an empty one is `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = axum::body::to_bytes(request.into_body(), LONGEST)
            .await
            .map_err(|_| {
                ApiError::new(
                    Code::TooLarge,
                    format!("the body is longer than {LONGEST} bytes"),
                )
            })?;
        let text: &[u8] = if bytes.trim_ascii().is_empty() {
            b"{}"
        } else {
            &bytes
        };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            ApiError::new(Code::InvalidBody, format!("invalid JSON body: {error}"))
        })
    }
}

/// A body of which nothing is read.
#[derive(Debug)]
pub struct Ignored;

impl<S: Send + Sync> FromRequest<S> for Ignored {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        axum::body::to_bytes(request.into_body(), LONGEST)
            .await
            .map(|_| Self)
            .map_err(|_| {
                ApiError::new(
                    Code::TooLarge,
                    format!("the body is longer than {LONGEST} bytes"),
                )
            })
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
