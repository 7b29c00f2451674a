use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};

use super::{Id, error};
use crate::access::{Access, Identity, Role};
use crate::api::body::{is_true, number};
use crate::api::error::Code;
use crate::api::query::{Query, time};
use crate::audit::{AuditEntry, AuditFilter};
use crate::settings::Impersonation;

/// Which entries: what all filters let through. What cannot be read counts as not given, but for times.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// So many at most: 120 without it, never more than 500.
    limit: Option<String>,
    /// What was done, such as `pod.delete`.
    action: Option<String>,
    /// Who did it.
    user: Option<String>,
    /// The HTTP method.
    method: Option<String>,
    /// The route's pattern.
    route: Option<String>,
    /// In which cluster.
    cluster: Option<String>,
    /// On which object.
    target: Option<String>,
    /// Whether it was done or not.
    success: Option<String>,
    /// Not before this time.
    since: Option<String>,
    /// Not after this time.
    until: Option<String>,
    /// Before the entry of this id.
    before: Option<String>,
}

/// What the trail has.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
struct AuditList {
    /// How many entries the filters let through.
    total: usize,
    /// The newest of them first.
    items: Vec<AuditEntry>,
}

impl Wanted {
    fn filter(self) -> Result<AuditFilter, String> {
        let given = |text: Option<String>| text.filter(|it| !it.is_empty());
        let success = given(self.success).map(|it| is_true(&it));
        Ok(AuditFilter {
            limit: number(self.limit.as_deref(), 120, AuditFilter::MOST),
            action: given(self.action),
            user: given(self.user),
            method: given(self.method),
            route: given(self.route),
            cluster: given(self.cluster),
            target: given(self.target),
            success,
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
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

/// What was done and refused, the newest first. A viewer sees neither where requests came from nor their reasons.
#[utoipa::path(get, path = "/api/audit", tag = "access", params(Wanted), responses((status = 200, body = AuditList)))]
pub(super) async fn list(
    State(access): State<Access>,
    Extension(identity): Extension<Identity>,
    Query(wanted): Query<Wanted>,
    id: Id,
) -> Response {
    let mut filter = match wanted.filter() {
        Ok(filter) => filter,
        Err(text) => return error(Code::BadRequest, text, id),
    };
    // Entries name objects that others may not see.
    if access.inner.impersonation != Impersonation::Off && identity.role < Role::Admin {
        if filter
            .user
            .as_ref()
            .is_some_and(|user| *user != identity.name)
        {
            return Json(AuditList::default()).into_response();
        }
        filter.user = Some(identity.name.clone());
    }
    let audit = access.audit().clone();
    let found = tokio::task::spawn_blocking(move || audit.find(&filter)).await;
    match found {
        Ok(Ok((total, entries))) => {
            let items = entries
                .into_iter()
                .filter_map(|it| visible(it, &identity))
                .collect();
            Json(AuditList { total, items }).into_response()
        }
        Ok(Err(problem)) => unavailable(problem.to_string(), id),
        Err(_) => unavailable("the audit trail could not be read".to_owned(), id),
    }
}

fn unavailable(text: String, id: Id) -> Response {
    error(Code::AuditUnavailable, text, id)
}

/// Lines in memory before the reader takes them, in bytes.
const CHUNK: usize = 64 << 10;

/// The trail as lines of JSON with the hashes of its chain, the oldest first.
#[utoipa::path(get, path = "/api/audit/export", tag = "access", params(Wanted),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(super) async fn export(
    State(access): State<Access>,
    Query(wanted): Query<Wanted>,
    id: Id,
) -> Response {
    let filter = match wanted.filter() {
        Ok(filter) => filter,
        Err(text) => return error(Code::BadRequest, text, id),
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
    // Who compresses asks once more after the end.
    let mut response = Body::from_stream(stream.fuse()).into_response();
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
