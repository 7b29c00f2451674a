//! What a browser is shown outside of `/api`: a user interface that was put into a directory, else two plain pages that
//! are part of this program.
//!
//! The pages hold nothing of a cluster: they ask the API, with the rights of whoever looks.

mod directory;
mod embedded;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Method, StatusCode, header};

use crate::api::error::{ApiError, Code};
use crate::server::AppState;

/// Set on answers that need styles within their markup, which the policy for pages then allows. The own pages do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InlineStyles;

/// A file to show.
#[derive(Debug)]
struct Page {
    kind: &'static str,
    bytes: bytes::Bytes,
}

/// Answers whatever is not a route of the API.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return ApiError::not_found(format!("nothing is at {path}")).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let why = format!("{path} does not take {}", request.method());
        let mut answer = ApiError::new(Code::MethodNotAllowed, why).into_response();
        let methods = HeaderValue::from_static("GET, HEAD");
        answer.headers_mut().insert(header::ALLOW, methods);
        return answer;
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    if let Some(found) = directory::find(state.options.dist_dir.clone(), path).await {
        let mut answer = shown(found, known.as_ref());
        answer.extensions_mut().insert(InlineStyles);
        return answer;
    }
    shown(embedded::find(path), known.as_ref())
}

fn shown(page: Page, known: Option<&HeaderValue>) -> Response {
    let mark = format!("\"{:08x}\"", crc32fast::hash(&page.bytes));
    let is_known = known
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| {
            let mut all = known
                .split(',')
                .map(|one| one.trim().trim_start_matches("W/"));
            all.any(|one| one == mark)
        });
    let mut answer = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut answer = page.bytes.into_response();
        answer
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(page.kind));
        answer
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(mark) = HeaderValue::from_str(&mark) {
        headers.insert(header::ETAG, mark);
    }
    answer
}

/// What a file is, by the end of its name.
fn kind_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    match end.to_ascii_lowercase().as_str() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}
