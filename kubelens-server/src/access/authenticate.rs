use std::time::Instant;

use axum::extract::{OriginalUri, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::credential::Credential;
use super::denial::{Denial, request_id};
use super::identity::Identity;
use super::origin::network;
use super::routing::Asked;
use super::window::Turn;
use super::{Access, ClientAddress, table};
use crate::audit::AuditEntry;

/// Finds out who asks and for what; refuses nobody yet.
pub async fn authenticate(
    State(access): State<Access>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = access
        .inner
        .routing
        .find(request.method().as_str(), path(&request));
    if asked == Asked::Elsewhere {
        request.extensions_mut().insert(AskedFor(asked));
        return next.run(request).await;
    }
    let credential = if access.inner.settings.enabled {
        access.credential(request.headers()).await
    } else {
        Credential::None
    };
    let identity = match &credential {
        Credential::Known {
            identity, session, ..
        } => {
            if let Some(session) = session {
                request.extensions_mut().insert(*session);
            }
            Some(identity.clone())
        }
        _ if !access.inner.settings.enabled => Some(Identity::local_viewer()),
        _ => None,
    };
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity.role);
        request.extensions_mut().insert(identity);
    }
    if let Asked::Route(rule) = asked {
        request.extensions_mut().insert(*rule);
    }
    let asked_by = AskedBy {
        name: request
            .extensions()
            .get::<Identity>()
            .map(|identity| identity.name.clone()),
        address: address(&request),
    };
    request.extensions_mut().insert(credential);
    request.extensions_mut().insert(AskedFor(asked));
    let mut response = next.run(request).await;
    response.extensions_mut().insert(asked_by);
    response
}

/// Who asked, for the layers outside: put into the answer's extensions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedBy {
    /// The name, where somebody was let in.
    pub name: Option<String>,
    /// Where the request came from.
    pub address: Option<ClientAddress>,
}

/// What [`authenticate`] found in the table.
#[derive(Clone, Copy)]
pub(super) struct AskedFor(pub(super) Asked);

/// Lets a caller make so many requests in a window. Probes and scrapes do not count.
pub async fn limit(State(access): State<Access>, request: Request, next: Next) -> Response {
    let Some(windows) = &access.inner.windows else {
        return next.run(request).await;
    };
    let Some(asked) = request.extensions().get::<AskedFor>().copied() else {
        return next.run(request).await;
    };
    if asked.0 == Asked::Elsewhere {
        return next.run(request).await;
    }
    if let Asked::Route(rule) = asked.0 {
        let exempt =
            matches!(rule.pattern, "/healthz" | "/readyz") || rule.who == table::Who::Scraper;
        if exempt {
            return next.run(request).await;
        }
    }
    let caller = match request.extensions().get::<Credential>() {
        Some(Credential::Known { identity, .. }) => identity.key(),
        _ => address(&request).map_or_else(String::new, |it| network(it.0).to_string()),
    };
    match windows.take(caller, Instant::now()) {
        Turn::Taken => next.run(request).await,
        Turn::Refused { wait, first } => {
            let denial = Denial::Rate(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
            if first {
                access.deny(&request, &denial).await
            } else {
                denial.answer(request_id(&request).as_deref())
            }
        }
    }
}

/// The path that was asked for, before any nesting took parts of it away.
pub(super) fn path(request: &Request) -> &str {
    match request.extensions().get::<OriginalUri>() {
        Some(uri) => uri.path(),
        None => request.uri().path(),
    }
}

pub(super) fn address(request: &Request) -> Option<ClientAddress> {
    request.extensions().get::<ClientAddress>().copied()
}

/// What the audit trail says of a request before its answer.
pub(super) fn entry(request: &Request) -> AuditEntry {
    let extensions = request.extensions();
    let identity = extensions.get::<Identity>();
    let rule = extensions.get::<table::Rule>();
    AuditEntry {
        request_id: request_id(request),
        route: rule.map(|it| format!("/api{}", it.pattern)),
        client_ip: address(request).map(|it| it.0.to_string()),
        user: identity.map(|it| it.name.clone()),
        role: identity.map(|it| it.role),
        ..AuditEntry::new(request.method().as_str(), path(request))
    }
}

impl Access {
    /// Records a denial and gives its answer. Nothing of the request is held while it waits.
    pub(super) fn deny(
        &self,
        request: &Request,
        denial: &Denial,
    ) -> impl Future<Output = Response> + Send + use<> {
        let answer = denial.answer(request_id(request).as_deref());
        let status = denial.status().as_u16();
        let kept = denial.action().map(|action| AuditEntry {
            action: Some(action.to_owned()),
            ..entry(request).finished(status, 0, std::time::Duration::ZERO)
        });
        let audit = self.inner.audit.clone();
        async move {
            if let Some(entry) = kept {
                audit.keep(entry).await;
            }
            answer
        }
    }
}
