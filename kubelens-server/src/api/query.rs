//! Reads the query of a request. A name that stands there more than once has all its values, with commas.

use axum::extract::{FromRequestParts, Query as Whole};
use http::Uri;
use http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded::{Serializer, parse};

use super::error::ApiError;

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
