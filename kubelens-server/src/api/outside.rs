//! The outermost layer: the id of the request, errors written out, one log line, counts.

use std::time::Instant;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::error::{ApiError, Code};
use super::selection::HEADER;
use crate::access::{AskedBy, Refused, RequestId};
use crate::server::AppState;
use crate::telemetry::{follow, trace_id};
use tracing::Instrument as _;
use tracing::field::Empty;

const ID: &str = "x-request-id";

fn id_of(headers: &HeaderMap, state: &AppState) -> String {
    let given = headers.get(ID).and_then(|value| value.to_str().ok());
    let is_fine = |id: &&str| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    given
        .filter(is_fine)
        .map_or_else(|| state.measures.next_id(), str::to_owned)
}

/// Wraps every request.
pub async fn outside(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = id_of(request.headers(), &state);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let started = Instant::now();
    let _running = state.measures.begin();
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        request_id = id,
        http.request.method = %method,
        http.route = Empty,
        http.response.status_code = Empty,
        url.path = path,
    );
    follow(&span, request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    let route = response
        .extensions()
        .get::<Route>()
        .map(|route| route.0.clone());
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && response.extensions().get::<ApiError>().is_none()
    {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = ApiError::new(
            Code::MethodNotAllowed,
            format!("{path} does not take {method}"),
        )
        .into_response();
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if let Some(told) = told_by_library(&mut response).await {
        response.extensions_mut().insert(told);
    }
    let error = response.extensions_mut().remove::<ApiError>();
    let problem = error.as_ref().map(|error| error.code);
    if let Some(error) = error {
        response = written(&error, &id, response);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(ID, value);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let took = started.elapsed();
    let status = response.status();
    let label = route.map_or_else(
        || "unmatched".to_owned(),
        |route| format!("{method} {route}"),
    );
    let bytes = response.body().size_hint().exact().unwrap_or(0);
    state.measures.note(&label, status, took, bytes);
    crate::telemetry::name(&span, &label, status.is_server_error());
    span.record(
        "http.route",
        label.split_once(' ').map_or("", |(_, route)| route),
    );
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if let Some(refused) = response.extensions().get::<Refused>() {
        state.measures.note_refusal(refused.0);
    }
    if matches!(
        problem,
        Some(Code::StoreUnavailable | Code::AuditUnavailable)
    ) {
        state.measures.note_state_error();
    }
    let trace_id = trace_id(&span);
    let asked_by = response.extensions().get::<AskedBy>().cloned();
    let client_ip = asked_by
        .as_ref()
        .and_then(|it| it.address.map(|it| it.0.to_string()));
    let user = asked_by.as_ref().and_then(|it| it.name.as_deref());
    let cluster = response.headers().get(HEADER);
    let cluster = cluster.and_then(|it| it.to_str().ok());
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    macro_rules! tell {
        ($level:ident) => {
            tracing::$level!(
                request_id = id,
                %method,
                path,
                route = label,
                status = status.as_u16(),
                duration_ms = milliseconds,
                bytes,
                client_ip,
                user,
                cluster,
                trace_id,
                "request"
            )
        };
    }
    let _in_trace = span.enter();
    if status.is_server_error() {
        tell!(error);
    } else if status.is_client_error() {
        tell!(warn);
    } else {
        tell!(info);
    }
    response
}

/// Longest text of a library's error.
const LONGEST_TEXT: usize = 4096;

/// What a library refuses before a handler is reached, it says in plain text.
async fn told_by_library(response: &mut Response) -> Option<ApiError> {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_text = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || !is_text || response.extensions().get::<ApiError>().is_some() {
        return None;
    }
    let body = std::mem::take(response.body_mut());
    let bytes = axum::body::to_bytes(body, LONGEST_TEXT)
        .await
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let line = kubelens_core::model::safe_text(text.trim());
    let line = if line.is_empty() {
        status
            .canonical_reason()
            .unwrap_or("refused")
            .to_lowercase()
    } else {
        line
    };
    Some(ApiError::told(status, line))
}

/// The pattern of the route that answered.
#[derive(Debug, Clone)]
pub struct Route(String);

/// Notes which route answers, for the layers outside.
pub async fn note_route(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(path) = path {
        response
            .extensions_mut()
            .insert(Route(path.as_str().to_owned()));
    }
    response
}

fn written(error: &ApiError, id: &str, bare: Response) -> Response {
    let mut response = axum::Json(error.body(id)).into_response();
    *response.status_mut() = bare.status();
    *response.extensions_mut() = bare.extensions().clone();
    for (name, value) in bare.headers() {
        if !matches!(*name, header::CONTENT_LENGTH | header::CONTENT_TYPE) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}
