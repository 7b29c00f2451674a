//! Answers from a picture: an ETag, 304 where nothing is new, and what is said of a picture that may be old.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use std::convert::Infallible;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use super::error::{ApiError, Code};
use super::selection::Chosen;
use super::text::instant;
use crate::live::Picture;
use crate::who::Identity;

/// What of a request decides whether its answer is new.
#[derive(Debug, Clone)]
pub struct Asked {
    uri: Uri,
    known: Option<String>,
    who: Identity,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let known = parts.headers.get(header::IF_NONE_MATCH);
        Ok(Self {
            uri: parts.uri.clone(),
            known: known
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            who: Identity::from_request_parts(parts, state).await?,
        })
    }
}

impl Asked {
    fn etag(&self, chosen: &Chosen, picture: &Picture) -> String {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((
            self.uri.path(),
            self.uri.query(),
            &self.who.name,
            self.who.role.word(),
            &chosen.cluster.name,
            chosen.cluster.stale_since().is_some(),
            // Another process counts its pictures anew.
            picture.as_of.as_nanosecond(),
            picture.view,
        ));
        format!("W/\"{}-{hash:x}\"", picture.revision)
    }

    /// The answer, made only where the asker does not have it already.
    pub fn answer<T: Serialize>(
        &self,
        chosen: &Chosen,
        picture: &Picture,
        make: impl FnOnce(&mut HeaderMap) -> Result<T, ApiError>,
    ) -> Result<Response, ApiError> {
        let etag = self.etag(chosen, picture);
        self.answer_bytes(chosen, picture, |headers| {
            if let Some((more, body)) = picture.answers.get(&etag) {
                headers.extend(more);
                return Ok(body);
            }
            let mut more = HeaderMap::new();
            let body = make(&mut more)?;
            let body = serde_json::to_vec(&body).map_err(|error| {
                ApiError::new(
                    Code::Internal,
                    format!("the answer cannot be written: {error}"),
                )
            })?;
            let body = Bytes::from(body);
            picture.answers.put(&etag, more.clone(), body.clone());
            headers.extend(more);
            Ok(body)
        })
    }

    /// The same, for JSON that is written already.
    pub fn answer_bytes<B: Into<axum::body::Body>>(
        &self,
        chosen: &Chosen,
        picture: &Picture,
        make: impl FnOnce(&mut HeaderMap) -> Result<B, ApiError>,
    ) -> Result<Response, ApiError> {
        let etag = self.etag(chosen, picture);
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, value);
        }
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
        if let Some(since) = chosen.cluster.stale_since() {
            headers.insert("x-kubelens-stale", HeaderValue::from_static("true"));
            if let Ok(value) = HeaderValue::from_str(&instant(since)) {
                headers.insert("x-kubelens-as-of", value);
            }
        }
        let is_known = self.known.as_deref().is_some_and(|known| {
            known
                .split(',')
                .any(|one| one.trim().trim_start_matches("W/") == etag.trim_start_matches("W/"))
        });
        if is_known {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let body = make(&mut headers)?.into();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        Ok((headers, body).into_response())
    }
}
