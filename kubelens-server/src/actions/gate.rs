//! The one gate in front of everything that changes a cluster: role, write gate, journal.

use std::future::Future;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;

use crate::access::ClientAddress;
use crate::api::body::is_true;
use crate::api::error::{ApiError, Code};
use crate::api::{Chosen, RequestId};
use crate::audit::{AuditEntry, Intent, Ticket};
use crate::door::{Door, Sent};
use crate::live::Cluster;
use crate::server::AppState;
use crate::who::{Identity, Role};

/// Somebody who is about to change something.
#[derive(Debug)]
pub struct Act {
    /// The server.
    pub state: AppState,
    /// Who.
    pub who: Identity,
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// Whether it is only tried: `?dryRun=true`.
    pub is_rehearsal: bool,
    chosen: Chosen,
    sent: Sent,
    id: String,
    method: String,
    path: String,
    reason: Option<String>,
    address: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rehearsal {
    dry_run: Option<String>,
}

impl FromRequestParts<AppState> for Act {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let chosen = Chosen::from_request_parts(parts, state).await?;
        let query = Query::<Rehearsal>::try_from_uri(&parts.uri)
            .map(|query| query.0)
            .unwrap_or_default();
        let address = parts
            .extensions
            .get::<ClientAddress>()
            .map(|address| address.0.to_string());
        let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        Ok(Self {
            who: match Identity::from_request_parts(parts, state).await {
                Ok(who) => who,
                Err(never) => match never {},
            },
            id: id.unwrap_or_default(),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            state: state.clone(),
            cluster: Arc::clone(&chosen.cluster),
            chosen,
            sent: parts.extensions.get().cloned().unwrap_or_default(),
            is_rehearsal: query.dry_run.as_deref().is_some_and(is_true),
            reason: None,
            address,
        })
    }
}

impl Act {
    /// With the reason that somebody gave.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = (!reason.is_empty()).then(|| reason.to_owned());
        self
    }

    /// The cluster's API server, as who acts.
    pub fn door(&self) -> Result<Door, ApiError> {
        Ok(self.chosen.door()?.telling(self.sent.clone()))
    }

    /// Whether they may, and whether anybody may.
    fn pass(&self, needed: Role, is_change: bool) -> Result<(), ApiError> {
        if self.who.role < needed {
            return Err(ApiError::new(
                Code::Forbidden,
                "insufficient role for this action",
            ));
        }
        if is_change && !self.state.options.writes_enabled {
            return Err(ApiError::new(
                Code::WriteGateBlocked,
                "mutating operations are disabled for this environment",
            ));
        }
        Ok(())
    }

    /// Passes the gate and writes the intent down; nothing may be done before this returns. None where the server runs
    /// without a trail, which only tests do.
    async fn begin(
        &self,
        action: &'static str,
        needed: Role,
        target: &str,
        is_change: bool,
    ) -> Result<Option<Ticket>, ApiError> {
        self.pass(needed, is_change)?;
        let Some(access) = &self.state.access else {
            return Ok(None);
        };
        let intent = Intent {
            user: self.who.name.clone(),
            role: self.who.role,
            action: action.to_owned(),
            method: self.method.clone(),
            path: self.path.clone(),
            cluster: Some(self.cluster.name.clone()),
            target: Some(target.to_owned()),
            reason: self.reason.clone(),
            dry_run: self.is_rehearsal,
            request_id: Some(self.id.clone()),
            client_ip: self.address.clone(),
        };
        let begun = access.audit().begin(intent).await;
        begun
            .map(Some)
            .map_err(|why| ApiError::new(Code::AuditUnavailable, why.to_string()))
    }

    /// Does something that changes the cluster: `action` in the words of the audit, on `target`.
    pub async fn perform<T, F>(
        &self,
        action: &'static str,
        needed: Role,
        target: impl std::fmt::Display,
        work: impl FnOnce(Door) -> F,
    ) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        self.go(action, needed, target, true, work).await
    }

    /// Shows what is not for everybody: it changes nothing, and is written down like a change.
    pub async fn reveal<T, F>(
        &self,
        action: &'static str,
        needed: Role,
        target: impl std::fmt::Display,
        work: impl FnOnce(Door) -> F,
    ) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        self.go(action, needed, target, false, work).await
    }

    /// Writes down how something ended that went on for longer than its request.
    pub async fn note_end(
        &self,
        action: &'static str,
        target: impl std::fmt::Display,
        said: &str,
        took: std::time::Duration,
    ) {
        let Some(access) = &self.state.access else {
            return;
        };
        let entry = AuditEntry {
            action: Some(action.to_owned()),
            request_id: Some(self.id.clone()),
            client_ip: self.address.clone(),
            user: Some(self.who.name.clone()),
            role: Some(self.who.role),
            cluster: Some(self.cluster.name.clone()),
            target: Some(target.to_string()),
            reason: Some(said.to_owned()),
            ..AuditEntry::new(&self.method, &self.path).finished(101, 0, took)
        };
        access.audit().keep(entry).await;
    }

    async fn go<T, F>(
        &self,
        action: &'static str,
        needed: Role,
        target: impl std::fmt::Display,
        is_change: bool,
        work: impl FnOnce(Door) -> F,
    ) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let ticket = self
            .begin(action, needed, &target.to_string(), is_change)
            .await?;
        let done = match self.door() {
            Ok(door) => work(door).await,
            Err(why) => Err(why),
        };
        let status = done
            .as_ref()
            .err()
            .map_or(200, |error| error.code.status().as_u16());
        if let (Some(ticket), Some(access)) = (ticket, &self.state.access)
            && let Err(why) = access.audit().end(ticket, status, 0).await
        {
            // What was done cannot be taken back; that its end is not written shows in the trail.
            tracing::error!(action, "the outcome was not written down: {why}");
        }
        self.state.measures.note_action(action, done.is_ok());
        done
    }
}
