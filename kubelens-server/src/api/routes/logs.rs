//! Logs of containers: the last lines, or as they come.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::sse::{self, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, header};
use kubelens_core::kubernetes::{ContainerRole, Pod};
use serde::Deserialize;
use std::convert::Infallible;

use super::pods::known;
use crate::access::SessionId;
use crate::api::Chosen;
use crate::api::body::{is_true, number};
use crate::api::error::ApiError;
use crate::api::query::Query;
use crate::server::AppState;
use crate::streams::session_ends;

/// Which lines.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// The container; without it the default container, else the first.
    pub container: Option<String>,
    /// How many of the last lines: 50, at most 500.
    pub lines: Option<String>,
    /// Of the run before this one.
    pub previous: Option<String>,
    /// Of so many seconds.
    pub since_seconds: Option<String>,
    /// With the time of each line.
    pub timestamps: Option<String>,
}

/// The annotation that names the container that is usually meant.
const DEFAULT: &str = "kubectl.kubernetes.io/default-container";

/// The container that is meant.
pub(super) fn container(pod: &Pod, wanted: Option<&str>) -> Result<String, ApiError> {
    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
        let all: Vec<&str> = pod.containers().map(|one| one.name()).collect();
        if all.contains(&wanted) {
            return Ok(wanted.to_owned());
        }
        return Err(ApiError::bad_request(format!(
            "the pod has no container {wanted:?}; it has {}",
            all.join(", ")
        )));
    }
    if let Some(named) = pod.metadata.annotations.value(DEFAULT) {
        return Ok(named.to_owned());
    }
    let first = pod
        .containers()
        .find(|one| one.role == ContainerRole::App)
        .map(|one| one.name().to_owned());
    first.ok_or_else(|| ApiError::bad_request("the pod has no container"))
}

impl LogQuery {
    fn text(&self, container: &str, follow: bool) -> String {
        let yes = |flag: &Option<String>| flag.as_deref().is_some_and(is_true);
        let lines = number(self.lines.as_deref(), 50, 500);
        let mut query = format!("container={container}&tailLines={lines}");
        if yes(&self.previous) {
            query.push_str("&previous=true");
        }
        if yes(&self.timestamps) {
            query.push_str("&timestamps=true");
        }
        if let Some(seconds) = self
            .since_seconds
            .as_deref()
            .and_then(|text| text.parse::<u64>().ok())
            .filter(|one| *one > 0)
        {
            query.push_str(&format!("&sinceSeconds={seconds}"));
        }
        if follow {
            query.push_str("&follow=true");
        }
        query
    }
}

async fn opened(
    chosen: &Chosen,
    namespace: &str,
    name: &str,
    query: &LogQuery,
    follow: bool,
) -> Result<(String, Body), ApiError> {
    let picture = chosen.picture()?;
    let container = container(
        known(&picture, namespace, name)?,
        query.container.as_deref(),
    )?;
    let door = chosen.door()?;
    let body = door
        .log(namespace, name, &query.text(&container, follow))
        .await?;
    Ok((container, body))
}

fn headed(container: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(container) = HeaderValue::from_str(container) {
        headers.insert("x-kubelens-container", container);
    }
    response
}

/// The last lines of a container's log.
#[utoipa::path(get, path = "/api/pods/{namespace}/{name}/logs", tag = "inventory",
    params(("namespace" = String, Path), ("name" = String, Path), LogQuery),
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn last(
    chosen: Chosen,
    Path((namespace, name)): Path<(String, String)>,
    Query(query): Query<LogQuery>,
) -> Result<Response, ApiError> {
    let (container, body) = opened(&chosen, &namespace, &name, &query, false).await?;
    Ok(headed(&container, body))
}

/// A container's log as it comes, until the client leaves, the container ends, or the longest time is over.
#[utoipa::path(get, path = "/api/pods/{namespace}/{name}/logs/stream", tag = "inventory",
    params(("namespace" = String, Path), ("name" = String, Path), LogQuery),
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn follow(
    State(state): State<AppState>,
    chosen: Chosen,
    session: Option<Extension<SessionId>>,
    headers: HeaderMap,
    Path((namespace, name)): Path<(String, String)>,
    Query(query): Query<LogQuery>,
) -> Result<Response, ApiError> {
    let (container, body) = opened(&chosen, &namespace, &name, &query, true).await?;
    let longest = state.options.log_stream_max;
    let bus = Arc::clone(&state.bus);
    let signed_out = session_ends(state.access, session.map(|session| session.0));
    let over = async move {
        tokio::select! {
            () = tokio::time::sleep(longest) => {}
            () = bus.over() => {}
            () = signed_out => {}
        }
    };
    let limited = body.into_data_stream().take_until(Box::pin(over));
    let wants_events = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"));
    if !wants_events {
        return Ok(headed(&container, Body::from_stream(limited)));
    }
    let events = limited
        .scan(Vec::new(), |rest: &mut Vec<u8>, chunk| {
            let mut events = Vec::new();
            if let Ok(chunk) = chunk {
                rest.extend_from_slice(&chunk);
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    let text = String::from_utf8_lossy(&line);
                    events.push(
                        sse::Event::default()
                            .event("log")
                            .data(text.trim_end_matches(['\r', '\n'])),
                    );
                }
            }
            std::future::ready(Some(futures::stream::iter(events)))
        })
        .flatten()
        .chain(futures::stream::once(std::future::ready(
            sse::Event::default().event("end").data("{}"),
        )))
        .map(Ok::<_, Infallible>);
    let alive = sse::KeepAlive::new()
        .interval(Duration::from_secs(20))
        .text("ping");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
