//! Reads the query of a request. A name that stands there more than once has all its values, with commas.

use axum::extract::{FromRequestParts, Query as Whole};
use http::Uri;
use http::request::Parts;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use url::form_urlencoded::{Serializer, parse};

use super::error::ApiError;

/// The words of a value with commas between them, trimmed; empty ones are left out.
pub fn words(text: Option<&str>) -> impl DoubleEndedIterator<Item = &str> {
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

/// The time that a value tells; the error names the parameter.
pub fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => match text.parse() {
            Ok(at) => Ok(Some(at)),
            Err(_) => Err(format!("{name} is not a time such as 2026-01-01T00:00:00Z")),
        },
    }
}

/// The query of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match pairs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => {
                    values.push(',');
                    values.push_str(&value);
                }
                None => pairs.push((name.into_owned(), value.into_owned())),
            }
        }
        let text = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let wrong = |why: String| ApiError::bad_request(format!("the query cannot be read: {why}"));
        let uri: Uri = format!("/?{text}")
            .parse()
            .map_err(|error: http::uri::InvalidUri| wrong(error.to_string()))?;
        match Whole::try_from_uri(&uri) {
            Ok(Whole(query)) => Ok(Self(query)),
            Err(why) => Err(wrong(why.body_text())),
        }
    }
}
