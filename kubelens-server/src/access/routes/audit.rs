use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::error;
use crate::access::{Access, Identity, RequestId, Role};
use crate::audit::{AuditEntry, AuditFilter};
use crate::settings::Impersonation;

type Id = Option<Extension<RequestId>>;

/// The filters as they are typed; what cannot be read counts as not given.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    limit: Option<String>,
    action: Option<String>,
    user: Option<String>,
    method: Option<String>,
    route: Option<String>,
    cluster: Option<String>,
    target: Option<String>,
    success: Option<String>,
    since: Option<String>,
    until: Option<String>,
    before: Option<String>,
}

impl Wanted {
    fn filter(self) -> Result<AuditFilter, String> {
        let given = |text: Option<String>| text.filter(|it| !it.is_empty());
        let time = |name: &str, text: Option<String>| match given(text) {
            None => Ok(None),
            Some(text) => match text.parse::<Timestamp>() {
                Ok(at) => Ok(Some(at)),
                Err(_) => Err(format!("{name} is not a time such as 2026-01-01T00:00:00Z")),
            },
        };
        let limit = self
            .limit
            .and_then(|it| it.parse::<usize>().ok())
            .filter(|it| *it > 0);
        let success = given(self.success).map(|it| {
            ["1", "true", "yes", "on"]
                .iter()
                .any(|yes| it.eq_ignore_ascii_case(yes))
        });
        Ok(AuditFilter {
            limit: limit.unwrap_or(120).min(AuditFilter::MOST),
            action: given(self.action),
            user: given(self.user),
            method: given(self.method),
            route: given(self.route),
            cluster: given(self.cluster),
            target: given(self.target),
            success,
            since: time("since", self.since)?,
            until: time("until", self.until)?,
            before: given(self.before).and_then(|it| it.parse().ok()),
        })
    }
}

/// What of an entry somebody may see: a viewer neither where others came from nor what they
/// asked the assistant.
fn visible(entry: AuditEntry, to: &Identity) -> Option<AuditEntry> {
    if to.role >= Role::Operator {
        return Some(entry);
    }
    let assistant = entry
        .action
        .as_deref()
        .is_some_and(|it| it.starts_with("assistant."));
    let own = entry.user.as_deref() == Some(to.name.as_str());
    (!assistant || own).then(|| entry.for_viewers())
}

pub(super) async fn list(
    State(access): State<Access>,
    Extension(identity): Extension<Identity>,
    Query(wanted): Query<Wanted>,
    id: Id,
) -> Response {
    let mut filter = match wanted.filter() {
        Ok(filter) => filter,
        Err(text) => return error(StatusCode::BAD_REQUEST, "invalid_input", text, id),
    };
    // Entries name objects that others may not see.
    if access.inner.impersonation != Impersonation::Off && identity.role < Role::Admin {
        if filter
            .user
            .as_ref()
            .is_some_and(|user| *user != identity.name)
        {
            return Json(json!({"total": 0, "items": []})).into_response();
        }
        filter.user = Some(identity.name.clone());
    }
    let audit = access.audit().clone();
    let found = tokio::task::spawn_blocking(move || audit.find(&filter)).await;
    match found {
        Ok(Ok((total, entries))) => {
            let items: Vec<_> = entries
                .into_iter()
                .filter_map(|it| visible(it, &identity))
                .collect();
            Json(json!({"total": total, "items": items})).into_response()
        }
        Ok(Err(problem)) => unavailable(problem.to_string(), id),
        Err(_) => unavailable("the audit trail could not be read".to_owned(), id),
    }
}

fn unavailable(text: String, id: Id) -> Response {
    error(
        StatusCode::SERVICE_UNAVAILABLE,
        "audit_unavailable",
        text,
        id,
    )
}

/// Lines in memory before the reader takes them, in bytes.
const CHUNK: usize = 64 << 10;

pub(super) async fn export(
    State(access): State<Access>,
    Query(wanted): Query<Wanted>,
    id: Id,
) -> Response {
    let filter = match wanted.filter() {
        Ok(filter) => filter,
        Err(text) => return error(StatusCode::BAD_REQUEST, "invalid_input", text, id),
    };
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(4);
    let audit = access.audit().clone();
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::BufWriter::with_capacity(CHUNK, Chunks(send.clone()));
        if let Err(problem) = audit.export(&filter, &mut out) {
            // The answer has begun: a cut body says that it is not whole.
            let _ = send.blocking_send(Err(std::io::Error::other(problem)));
        }
    });
    let stream = futures::stream::unfold(receive, async |mut receive| {
        let chunk = receive.recv().await?;
        Some((chunk, receive))
    });
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    let attachment = HeaderValue::from_static("attachment; filename=\"audit.jsonl\"");
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    response
}

struct Chunks(tokio::sync::mpsc::Sender<Result<Vec<u8>, std::io::Error>>);

impl std::io::Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(bytes.to_vec()));
        sent.map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
