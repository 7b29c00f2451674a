use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::authenticate::entry;
use super::denial::{Denial, request_id};
use super::table::{Effect, Rule};
use super::{Access, Role};
use crate::audit::{AuditEntry, Intent};
use crate::settings::AuditReads;

/// What a handler knows better than the table: put it into the answer's extensions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditNote {
    /// Another name for what happened.
    pub action: Option<&'static str>,
    /// Who it was, where the request did not say.
    pub user: Option<(String, Role)>,
    /// Which object.
    pub target: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Innermost: records what became of a request. Mutations of this server's records are written
/// ahead; those of a cluster are by their handlers, which know the object.
pub async fn record(State(access): State<Access>, request: Request, next: Next) -> Response {
    let Some(rule) = request.extensions().get::<Rule>().copied() else {
        return next.run(request).await;
    };
    if matches!(rule.pattern, "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let mut entry = entry(&request);
    entry.action = Some(name(&rule, &entry));
    let id = request_id(&request);
    let audit = &access.inner.audit;
    if rule.effect == Effect::Records {
        let ticket = match audit.begin(intent(&entry)).await {
            Ok(ticket) => ticket,
            Err(error) => return Denial::Audit(error.to_string()).answer(id.as_deref()),
        };
        let response = next.run(request).await;
        let status = response.status().as_u16();
        if let Err(error) = audit.end(ticket, status, bytes(&response)).await {
            tracing::error!("an outcome was not recorded: {error}");
        }
        if let Some(id) = id {
            audit.has_begun(&id);
        }
        return response;
    }
    let started = Instant::now();
    let response = next.run(request).await;
    if let Some(id) = id
        && audit.has_begun(&id)
    {
        return response;
    }
    let status = response.status().as_u16();
    let mut entry = entry.finished(status, bytes(&response), started.elapsed());
    entry.cluster = text(&response, "x-kubelens-cluster");
    if let Some(note) = response.extensions().get::<AuditNote>() {
        merge(&mut entry, note);
    }
    if is_kept(&access, &rule, status) {
        audit.keep(entry).await;
    } else {
        audit.note(entry);
    }
    response
}

fn is_kept(access: &Access, rule: &Rule, status: u16) -> bool {
    let read = match access.inner.audit_reads {
        AuditReads::All => true,
        AuditReads::Sensitive => rule.sensitive,
        AuditReads::None => false,
    };
    read || rule.action.is_some() || rule.effect != Effect::Nothing || matches!(status, 401 | 403)
}

/// The table's name, else method and path.
fn name(rule: &Rule, entry: &AuditEntry) -> String {
    match rule.action {
        Some(action) => action.to_owned(),
        None => format!("{} {}", entry.method.to_ascii_lowercase(), entry.path),
    }
}

fn intent(entry: &AuditEntry) -> Intent {
    Intent {
        user: entry.user.clone().unwrap_or_default(),
        role: entry.role.unwrap_or(Role::Viewer),
        action: entry.action.clone().unwrap_or_default(),
        method: entry.method.clone(),
        path: entry.path.clone(),
        cluster: None,
        target: None,
        reason: None,
        dry_run: false,
        request_id: entry.request_id.clone(),
        client_ip: entry.client_ip.clone(),
    }
}

fn merge(entry: &mut AuditEntry, note: &AuditNote) {
    if let Some(action) = note.action {
        entry.action = Some(action.to_owned());
    }
    if let Some((user, role)) = &note.user {
        entry.user = Some(user.clone());
        entry.role = Some(*role);
    }
    entry.target = note.target.clone().or(entry.target.take());
    entry.reason = note.reason.clone().or(entry.reason.take());
}

fn text(response: &Response, name: &str) -> Option<String> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
}

fn bytes(response: &Response) -> u64 {
    use axum::body::HttpBody;
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse().ok());
    length.or(response.body().size_hint().exact()).unwrap_or(0)
}
