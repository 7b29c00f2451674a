//! Which cluster a request means: header, else cookie, else the first.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use super::error::{ApiError, Code};
use crate::live::{Cluster, Picture};
use crate::server::AppState;

/// The header that names it, in requests and in answers.
pub const HEADER: &str = "x-kubelens-cluster";

/// The cookie that names it.
pub const COOKIE: &str = "kubelens_cluster";

/// The cluster that a request means.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// For how many seconds a lost cluster is still shown.
    most_stale: i64,
}

impl Chosen {
    /// Its picture, if it can be trusted.
    pub fn picture(&self) -> Result<Arc<Picture>, ApiError> {
        self.cluster.picture(self.most_stale)
    }
}

impl<S: Sync> FromRequestParts<S> for Chosen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let chosen = parts.extensions.get::<Self>().cloned();
        chosen.ok_or_else(|| ApiError::new(Code::Internal, "no cluster was chosen for this route"))
    }
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Chooses the cluster, and names it in the answer.
pub async fn choose(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let mut is_cookie_stale = false;
    let named = request
        .headers()
        .get(HEADER)
        .map(|value| value.to_str().unwrap_or_default().to_owned());
    let cluster = if let Some(name) = named.filter(|name| !name.is_empty()) {
        let Some(cluster) = state.clusters.named(&name) else {
            let known: Vec<&str> = state
                .clusters
                .iter()
                .map(|cluster| cluster.name.as_str())
                .collect();
            return ApiError::new(
                Code::ClusterNotFound,
                format!("no cluster is named {name:?}; known: {}", known.join(", ")),
            )
            .into_response();
        };
        cluster
    } else {
        match cookie(request.headers(), COOKIE) {
            Some(name) => state.clusters.named(name).unwrap_or_else(|| {
                is_cookie_stale = true;
                state.clusters.first()
            }),
            None => state.clusters.first(),
        }
    };
    let cluster = Arc::clone(cluster);
    request.extensions_mut().insert(Chosen {
        cluster: Arc::clone(&cluster),
        most_stale: state.options.stale_max_seconds,
    });
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(name) = HeaderValue::from_str(&cluster.name) {
        headers.insert(HEADER, name);
    }
    if !cluster.is_real() {
        headers.insert("x-kubelens-demo", HeaderValue::from_static("true"));
    }
    if is_cookie_stale {
        let cleared = HeaderValue::from_static(
            "kubelens_cluster=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
        );
        headers.append(header::SET_COOKIE, cleared);
    }
    response
}
