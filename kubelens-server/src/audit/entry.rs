use std::time::Duration;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::access::Role;

/// The longest text of one field, in characters: paths and reasons come from outside.
const LONGEST: usize = 1_024;

/// One line of the trail as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditEntry {
    /// A number that counts up, as text.
    pub id: String,
    /// When, in whole seconds.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// The request it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The route's pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// What was done or why it was denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The answer's status; 0 = not answered yet.
    pub status: u16,
    /// How long it took.
    pub duration_ms: u64,
    /// Bytes of the answer, when they were known beforehand.
    pub bytes: u64,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// With which role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Status below 400.
    pub success: bool,
    /// Which cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Which object, `Kind namespace/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The reason given or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Nothing was changed, only tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// The record's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The hash of the record before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_hash: Option<String>,
}

impl AuditEntry {
    /// An entry of now that was not answered yet.
    pub fn new(method: &str, path: &str) -> AuditEntry {
        AuditEntry {
            id: String::new(),
            timestamp: whole_seconds(Timestamp::now()),
            request_id: None,
            method: cut(method),
            path: cut(path),
            route: None,
            action: None,
            status: 0,
            duration_ms: 0,
            bytes: 0,
            client_ip: None,
            user: None,
            role: None,
            success: false,
            cluster: None,
            target: None,
            reason: None,
            dry_run: None,
            hash: None,
            prev_hash: None,
        }
    }

    /// The same with its answer.
    #[must_use]
    pub fn finished(mut self, status: u16, bytes: u64, took: Duration) -> AuditEntry {
        self.timestamp = whole_seconds(Timestamp::now());
        self.status = status;
        self.success = (1..400).contains(&status);
        self.bytes = bytes;
        self.duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// What a viewer may see of it: not where others came from, nor their reasons.
    #[must_use]
    pub fn for_viewers(mut self) -> AuditEntry {
        self.client_ip = None;
        self.reason = None;
        self
    }

    pub(super) fn bounded(mut self) -> AuditEntry {
        for text in [
            &mut self.request_id,
            &mut self.route,
            &mut self.action,
            &mut self.user,
            &mut self.cluster,
            &mut self.target,
            &mut self.reason,
        ] {
            *text = text.take().map(|it| cut(&it));
        }
        self
    }
}

/// What is about to be done.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Who.
    pub user: String,
    /// With which role.
    pub role: Role,
    /// The contract's word, such as `pod.delete`.
    pub action: String,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// Which cluster.
    pub cluster: Option<String>,
    /// Which object, `Kind namespace/name`.
    pub target: Option<String>,
    /// The reason given.
    pub reason: Option<String>,
    /// Nothing will be changed, only tried.
    pub dry_run: bool,
    /// The request it belongs to.
    pub request_id: Option<String>,
    /// Where it came from.
    pub client_ip: Option<String>,
}

impl Intent {
    pub(super) fn into_entry(self) -> AuditEntry {
        AuditEntry {
            request_id: self.request_id,
            action: Some(self.action),
            client_ip: self.client_ip,
            user: Some(self.user),
            role: Some(self.role),
            cluster: self.cluster,
            target: self.target,
            reason: self.reason,
            dry_run: self.dry_run.then_some(true),
            ..AuditEntry::new(&self.method, &self.path)
        }
    }
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    at.round(Unit::Second).unwrap_or(at)
}

fn cut(text: &str) -> String {
    text.chars()
        .filter(|it| !it.is_control())
        .take(LONGEST)
        .collect()
}
