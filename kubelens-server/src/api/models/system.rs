use serde::Serialize;

use crate::live::ClusterItem;

/// What came of an action.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionResult {
    /// Whether it was done.
    pub success: bool,
    /// What was done.
    pub message: String,
    /// True where nothing was changed, only tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// What it changes, as a unified diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// What to know besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The operation to look at, where it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// The object's version after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
}

impl ActionResult {
    /// Done.
    pub fn done(message: impl Into<String>) -> Self {
        Self {
            success: true,
            message: message.into(),
            ..Self::default()
        }
    }
}

/// That the process answers.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: String,
    /// Now.
    pub timestamp: String,
    /// The server's version.
    pub version: String,
    /// The commit that it was built from.
    pub commit: String,
}

/// What was built.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The version.
    pub version: String,
    /// The commit.
    pub commit: String,
    /// When.
    pub built_at: String,
}

/// Whether the server can do its work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Readyz {
    /// `ok` or `degraded`.
    pub status: String,
    /// Now.
    pub timestamp: String,
    /// What was checked.
    pub checks: Vec<ReadyzCheck>,
    /// What was built.
    pub build: Build,
    /// The checks that failed.
    pub degraded: Vec<String>,
    /// How each cluster stands.
    pub clusters: Vec<ClusterItem>,
}

/// One check.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReadyzCheck {
    /// What.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
    /// What there is to say.
    pub message: String,
}

/// How the server runs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Runtime {
    /// `dev`, `demo` or `prod`.
    pub mode: String,
    /// Whether it runs with a developer's shortcuts.
    pub dev_mode: bool,
    /// Whether it is not meant for others.
    pub insecure: bool,
    /// Whether the chosen cluster is a real one.
    pub is_real_cluster: bool,
    /// Whether somebody has to sign in.
    pub auth_enabled: bool,
    /// Whether clusters may be changed.
    pub write_actions_enabled: bool,
    /// Whether a predictor is asked.
    pub predictor_enabled: bool,
    /// Whether it answers.
    pub predictor_healthy: bool,
    /// Whether there is an assistant.
    pub assistant_enabled: bool,
    /// Whether documents are searched.
    pub rag_enabled: bool,
    /// Whether somebody is alerted.
    pub alerts_enabled: bool,
    /// What to know before exposing it.
    pub warnings: Vec<String>,
    /// What does not work at the moment.
    pub degraded: Vec<String>,
    /// Whether commands may be run in containers.
    pub exec_enabled: bool,
    /// Where records are kept: `memory` or `sled`.
    pub state_backend: String,
}

/// Counts since the start.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// How long it runs.
    pub uptime_seconds: u64,
    /// Requests that are being answered.
    pub in_flight: i64,
    /// Requests.
    pub total_requests: u64,
    /// Answers with 5xx.
    pub total_errors: u64,
    /// Bytes that were sent.
    pub total_bytes: u64,
    /// Mean time of an answer.
    pub avg_latency_ms: f64,
    /// The longest.
    pub max_latency_ms: f64,
    /// By route, busiest first.
    pub routes: Vec<RouteMetrics>,
    /// Of the search in documents.
    pub rag: RagCounts,
}

/// Counts of one route.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteMetrics {
    /// `GET /api/pods`.
    pub route: String,
    /// Requests.
    pub requests: u64,
    /// Answers with 5xx.
    pub errors: u64,
    /// Bytes that were sent.
    pub bytes: u64,
    /// Answers with 2xx.
    #[serde(rename = "status2xx")]
    pub status_2xx: u64,
    /// Answers with 3xx.
    #[serde(rename = "status3xx")]
    pub status_3xx: u64,
    /// Answers with 4xx.
    #[serde(rename = "status4xx")]
    pub status_4xx: u64,
    /// Answers with 5xx.
    #[serde(rename = "status5xx")]
    pub status_5xx: u64,
    /// Mean time of an answer.
    pub avg_latency_ms: f64,
    /// The longest.
    pub max_latency_ms: f64,
}

/// Counts of the search in documents; none of them is searched yet.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it, and all are zero so far")]
pub struct RagCounts {
    pub enabled: bool,
    pub total_queries: u64,
    pub empty_results: u64,
    pub hit_rate: f64,
    pub average_results: f64,
    pub feedback_signals: u64,
    pub positive_feedback: u64,
    pub negative_feedback: u64,
}
