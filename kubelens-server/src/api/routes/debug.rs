//! How the server is inside, for who looks after it: counts and states, no objects and no secrets.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::text::instant;
use crate::live::Standing;
use crate::measures::Process;
use crate::server::AppState;

/// How the server is inside.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inside {
    /// How long it runs.
    pub uptime_seconds: u64,
    /// Requests that are being answered.
    pub in_flight: i64,
    /// Threads that run tasks.
    pub workers: usize,
    /// Tasks that are not done.
    pub tasks: usize,
    /// Tasks that wait for a thread.
    pub waiting_tasks: usize,
    /// Memory in use, in bytes; none where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident_bytes: Option<u64>,
    /// Open files and connections; none where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// Who listens, and what they missed.
    pub streams: InsideStreams,
    /// The clusters.
    pub clusters: Vec<InsideCluster>,
    /// Operations that go on.
    pub operations: usize,
    /// Sessions that hold.
    pub sessions: usize,
    /// The trail.
    pub audit: InsideAudit,
}

/// The streams.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsideStreams {
    /// Who listens.
    pub subscribers: usize,
    /// Events since the start.
    pub events: u64,
    /// Events that a queue had no room for.
    pub dropped: u64,
    /// How often somebody had to fetch anew.
    pub resyncs: u64,
}

/// One cluster.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsideCluster {
    /// Its name.
    pub name: String,
    /// `ready`, `syncing` or `unreachable`.
    pub standing: String,
    /// The number of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The instant of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Objects that are known.
    pub objects: usize,
    /// How long the last diagnosis took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosed_in_ms: Option<u64>,
    /// How often it was connected to.
    pub connections: u64,
    /// Kinds that are not followed now.
    pub not_followed: Vec<String>,
    /// Pictures for limited rights.
    pub views: usize,
    /// People whose rights are remembered.
    pub people: usize,
}

/// The trail.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsideAudit {
    /// Records that were written since the start.
    pub entries: u64,
    /// Records that could not be written.
    pub errors: u64,
    /// Reads that were not noted, for want of room.
    pub dropped_reads: u64,
    /// Whether it can be written now.
    pub is_well: bool,
}

/// How the server is inside: tasks, listeners, caches, watches. For admins.
#[utoipa::path(get, path = "/api/debug", tag = "system", responses((status = 200, body = Inside)))]
pub async fn inside(State(state): State<AppState>) -> Json<Inside> {
    let runtime = tokio::runtime::Handle::current().metrics();
    let process = Process::now();
    let bus = state.bus.counts();
    let health = state.access.as_ref().map(|access| access.audit().health());
    let health = health.unwrap_or_default();
    let clusters = state.clusters.iter().map(|cluster| {
        let picture = cluster.seen();
        let views = cluster.view_counts();
        let picture = picture.as_ref();
        let standing = match cluster.standing() {
            Standing::Ready => "ready",
            Standing::Syncing => "syncing",
            Standing::Unreachable(_) => "unreachable",
        };
        InsideCluster {
            name: cluster.name.clone(),
            standing: standing.to_owned(),
            revision: picture.map(|picture| picture.revision),
            as_of: picture.map(|picture| instant(picture.as_of)),
            objects: picture.map_or(0, |picture| picture.snapshot.object_count()),
            diagnosed_in_ms: picture.map(|picture| whole(picture.diagnosed_in * 1e3)),
            connections: cluster.watch_starts(),
            not_followed: picture
                .map(|picture| picture.troubles.keys().cloned().collect())
                .unwrap_or_default(),
            views: views.views,
            people: views.people,
        }
    });
    let running = state.operations.list(None).into_iter();
    Json(Inside {
        uptime_seconds: state.measures.uptime().as_secs(),
        in_flight: state.measures.running(),
        workers: runtime.num_workers(),
        tasks: runtime.num_alive_tasks(),
        waiting_tasks: runtime.global_queue_depth(),
        resident_bytes: process.resident_bytes.map(whole),
        open_files: process.open_files.map(whole),
        streams: InsideStreams {
            subscribers: bus.subscribers,
            events: bus.told.values().sum(),
            dropped: bus.dropped,
            resyncs: bus.resyncs,
        },
        clusters: clusters.collect(),
        operations: running.filter(|one| one.state == "running").count(),
        sessions: state
            .access
            .as_ref()
            .map_or(0, crate::access::Access::sessions),
        audit: InsideAudit {
            entries: health.entries,
            errors: health.sink_errors,
            dropped_reads: health.dropped_reads,
            is_well: health.problem.is_none(),
        },
    })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes and times are positive and far below 2^63"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
