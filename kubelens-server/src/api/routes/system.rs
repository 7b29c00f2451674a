//! How the server itself is.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;

use crate::api::Chosen;
use crate::api::error::{ApiError, Code};
use crate::api::models::{
    Build, Health, Metrics, RagCounts, Readyz, ReadyzCheck, RouteMetrics, Runtime,
};
use crate::api::text::instant;
use crate::live::Standing;
use crate::measures::{exposition, open_metrics};
use crate::server::AppState;
use crate::who::{Identity, Role};

/// That the process answers; it looks at nothing else.
#[utoipa::path(get, path = "/api/healthz", tag = "system", responses((status = 200, body = Health)))]
pub async fn healthz(State(state): State<AppState>) -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        timestamp: instant(Timestamp::now()),
        version: state.options.build.version.clone(),
        commit: state.options.build.commit.clone(),
    })
}

/// Whether the server can do its work: 503 only where no cluster can be read.
#[utoipa::path(get, path = "/api/readyz", tag = "system",
    responses((status = 200, body = Readyz), (status = 503, body = Readyz)))]
pub async fn readyz(State(state): State<AppState>) -> Response {
    let mut degraded = Vec::new();
    let mut is_any_readable = false;
    let mut message = "reachable".to_owned();
    for cluster in state.clusters.iter() {
        let is_readable = cluster.picture(state.options.stale_max_seconds).is_ok();
        is_any_readable |= is_readable;
        let is_followed =
            is_readable && cluster.standing() == Standing::Ready && cluster.stale_since().is_none();
        if !is_followed {
            let name = if cluster.name == state.clusters.first().name {
                "cluster".to_owned()
            } else {
                format!("cluster/{}", cluster.name)
            };
            if name == "cluster" {
                message = match cluster.standing() {
                    Standing::Unreachable(why) => why,
                    Standing::Syncing => "syncing".to_owned(),
                    Standing::Ready => "not followed in full".to_owned(),
                };
            }
            degraded.push(name);
        } else if !cluster.is_real() && cluster.name == state.clusters.first().name {
            message = "mock-mode".to_owned();
        }
    }
    let check = |name: &str, ok: bool, message: &str| ReadyzCheck {
        name: name.to_owned(),
        ok,
        message: message.to_owned(),
    };
    let is_first_well = !degraded.iter().any(|name| name == "cluster");
    let mut others = Vec::new();
    let mut is_state_lost = false;
    if let Some(access) = &state.access {
        let problem = access.audit().health().problem;
        others.push(check(
            "audit",
            problem.is_none(),
            problem.as_deref().unwrap_or("written"),
        ));
        let trouble = access.store().and_then(|store| store.trouble());
        is_state_lost = trouble.is_some();
        let message = match (&trouble, access.store()) {
            (Some(trouble), _) => trouble,
            (None, Some(_)) => "kept",
            (None, None) => "nothing is kept",
        };
        others.push(check("state", message == "kept", message));
    }
    degraded.extend(
        others
            .iter()
            .filter(|one| !one.ok)
            .map(|one| one.name.clone()),
    );
    let body = Readyz {
        status: if degraded.is_empty() {
            "ok"
        } else {
            "degraded"
        }
        .to_owned(),
        timestamp: instant(Timestamp::now()),
        checks: [
            check("cluster", is_first_well, &message),
            check("predictor", true, "disabled"),
            check(
                "auth",
                true,
                if state.options.auth_enabled {
                    "configured"
                } else {
                    "disabled"
                },
            ),
        ]
        .into_iter()
        .chain(others)
        .collect(),
        build: state.options.build.clone(),
        degraded,
        clusters: state
            .clusters
            .iter()
            .map(|cluster| cluster.item())
            .collect(),
    };
    let status = if is_any_readable && !is_state_lost {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body)).into_response()
}

/// What was built.
#[utoipa::path(get, path = "/api/version", tag = "system", responses((status = 200, body = Build)))]
pub async fn version(State(state): State<AppState>) -> Json<Build> {
    Json(state.options.build.clone())
}

/// How the server runs.
#[utoipa::path(get, path = "/api/runtime", tag = "system", responses((status = 200, body = Runtime)))]
pub async fn runtime(State(state): State<AppState>, chosen: Chosen) -> Json<Runtime> {
    let options = &state.options;
    let warnings = options.warnings.clone();
    let degraded = state
        .clusters
        .iter()
        .filter(|cluster| cluster.standing() != Standing::Ready);
    Json(Runtime {
        mode: options.mode.clone(),
        dev_mode: options.dev_mode,
        insecure: options.mode != "prod" || options.dev_mode || !options.auth_enabled,
        is_real_cluster: chosen.cluster.is_real(),
        auth_enabled: options.auth_enabled,
        write_actions_enabled: options.writes_enabled,
        predictor_enabled: false,
        predictor_healthy: false,
        assistant_enabled: false,
        rag_enabled: false,
        alerts_enabled: false,
        warnings,
        degraded: degraded
            .map(|cluster| format!("cluster/{}", cluster.name))
            .collect(),
        exec_enabled: options.exec_enabled,
        state_backend: options.state_backend.clone(),
    })
}

/// Counts since the start.
#[utoipa::path(get, path = "/api/metrics", tag = "system", responses((status = 200, body = Metrics)))]
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub async fn metrics(State(state): State<AppState>) -> Json<Metrics> {
    let milliseconds = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    let mut routes: Vec<RouteMetrics> = state
        .measures
        .routes()
        .into_iter()
        .map(|(route, counts)| {
            let [ok, moved, refused, failed] = counts.statuses;
            RouteMetrics {
                route,
                requests: counts.requests,
                errors: failed,
                bytes: counts.bytes,
                status_2xx: ok,
                status_3xx: moved,
                status_4xx: refused,
                status_5xx: failed,
                avg_latency_ms: milliseconds(counts.took.div_f64((counts.requests.max(1)) as f64)),
                max_latency_ms: milliseconds(counts.longest),
            }
        })
        .collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.requests));
    let requests: u64 = routes.iter().map(|route| route.requests).sum();
    let total: f64 = routes
        .iter()
        .map(|route| route.avg_latency_ms * route.requests as f64)
        .sum();
    Json(Metrics {
        uptime_seconds: state.measures.uptime().as_secs(),
        in_flight: state.measures.running(),
        total_requests: requests,
        total_errors: routes.iter().map(|route| route.errors).sum(),
        total_bytes: routes.iter().map(|route| route.bytes).sum(),
        avg_latency_ms: (total / requests.max(1) as f64 * 1e3).round() / 1e3,
        max_latency_ms: routes
            .iter()
            .map(|route| route.max_latency_ms)
            .fold(0.0, f64::max),
        routes,
        rag: RagCounts::default(),
    })
}

/// The same for Prometheus.
#[utoipa::path(get, path = "/api/metrics/prometheus", tag = "system",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn prometheus(
    State(state): State<AppState>,
    who: Option<Extension<Identity>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // They count all objects: where people have rights of their own, that is for who looks after the server.
    let is_limited = state.clusters.iter().any(|cluster| cluster.impersonates());
    if is_limited && who.is_some_and(|who| who.0.role < Role::Admin) {
        return Err(ApiError::new(
            Code::Forbidden,
            "metrics tell of the whole cluster: they are for admins and for METRICS_TOKEN",
        ));
    }
    let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    let wants_open = accepted.is_some_and(|it| it.contains("application/openmetrics-text"));
    let (text, kind) = if wants_open {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        (open_metrics(&state), HeaderValue::from_static(kind))
    } else {
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        (exposition(&state), HeaderValue::from_static(kind))
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
