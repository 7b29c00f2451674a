//! The counts for Prometheus.

use std::sync::atomic::AtomicU64;

use kubelens_core::kubernetes::Kind;
use kubelens_core::model::Severity;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use crate::live::Standing;
use crate::server::AppState;

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// Everything that is counted, in the text format.
pub fn exposition(state: &AppState) -> String {
    let mut registry = Registry::default();
    http(&mut registry, state);
    runtime(&mut registry, state);
    clusters(&mut registry, state);
    streams(&mut registry, state);
    trail(&mut registry, state);
    let mut text = String::new();
    if let Err(error) = encode(&mut text, &registry) {
        tracing::error!("metrics cannot be written: {error}");
    }
    plain(&text)
}

/// From OpenMetrics to the older text format, which older scrapers read: no `# EOF`, counters named whole.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut counter = None;
    for line in text.lines() {
        if line == "# EOF" {
            continue;
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            counter = Some((name.to_owned(), help.to_owned()));
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "untyped"));
            let whole = if kind == "counter" {
                format!("{name}_total")
            } else {
                name.to_owned()
            };
            let help = counter
                .take()
                .filter(|(known, _)| known == name)
                .map(|(_, help)| help);
            out.push_str(&format!(
                "# HELP {whole} {}\n# TYPE {whole} {kind}\n",
                help.unwrap_or_default()
            ));
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register(name, help, ConstGauge::new(value));
}

fn gauges(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, f64)>,
) {
    let family = Gauges::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    registry.register(name, help, family);
}

fn counters(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, u64)>,
) {
    let family = Family::<Labels, prometheus_client::metrics::counter::Counter>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).inc_by(value);
    }
    registry.register(name, help, family);
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn http(registry: &mut Registry, state: &AppState) {
    let routes = state.measures.routes();
    let sum = |count: fn(&super::RouteCounts) -> u64| routes.values().map(count).sum::<u64>();
    let requests = sum(|route| route.requests);
    let took: f64 = routes.values().map(|route| route.took.as_secs_f64()).sum();
    let longest = routes
        .values()
        .map(|route| route.longest.as_secs_f64())
        .fold(0.0, f64::max);
    registry.register(
        "kubelens_http_requests",
        "Requests",
        ConstCounter::new(requests),
    );
    registry.register(
        "kubelens_http_errors",
        "Answers with 5xx",
        ConstCounter::new(sum(|route| route.statuses[3])),
    );
    gauge(
        registry,
        "kubelens_http_inflight_requests",
        "Requests that are being answered",
        state.measures.running() as f64,
    );
    gauge(
        registry,
        "kubelens_http_uptime_seconds",
        "How long the server runs",
        state.measures.uptime().as_secs_f64(),
    );
    gauge(
        registry,
        "kubelens_http_latency_avg_ms",
        "Mean time of an answer",
        took * 1e3 / (requests.max(1)) as f64,
    );
    gauge(
        registry,
        "kubelens_http_latency_max_ms",
        "Longest time of an answer",
        longest * 1e3,
    );
    let by = |count: fn(&super::RouteCounts) -> u64| {
        routes
            .iter()
            .map(move |(route, counts)| (vec![("route", route.clone())], count(counts)))
            .collect::<Vec<_>>()
    };
    counters(
        registry,
        "kubelens_http_route_requests",
        "Requests by route",
        by(|one| one.requests),
    );
    counters(
        registry,
        "kubelens_http_route_errors",
        "Answers with 5xx by route",
        by(|one| one.statuses[3]),
    );
    counters(
        registry,
        "kubelens_http_route_status_2xx",
        "Answers with 2xx by route",
        by(|one| one.statuses[0]),
    );
    counters(
        registry,
        "kubelens_http_route_status_3xx",
        "Answers with 3xx by route",
        by(|one| one.statuses[1]),
    );
    counters(
        registry,
        "kubelens_http_route_status_4xx",
        "Answers with 4xx by route",
        by(|one| one.statuses[2]),
    );
    counters(
        registry,
        "kubelens_http_route_status_5xx",
        "Answers with 5xx by route",
        by(|one| one.statuses[3]),
    );
    counters(
        registry,
        "kubelens_actions",
        "Actions by what came of them",
        state
            .measures
            .actions()
            .into_iter()
            .map(|((action, result), count)| {
                (
                    vec![("action", action), ("result", result.to_owned())],
                    count,
                )
            }),
    );
}

fn runtime(registry: &mut Registry, state: &AppState) {
    let flag = |on: bool| if on { 1.0 } else { 0.0 };
    let build = &state.options.build;
    gauges(
        registry,
        "kubelens_build_info",
        "What was built",
        [(
            vec![
                ("version", build.version.clone()),
                ("commit", build.commit.clone()),
            ],
            1.0,
        )],
    );
    gauge(
        registry,
        "kubelens_runtime_auth_enabled",
        "Whether somebody has to sign in",
        flag(state.options.auth_enabled),
    );
    gauge(
        registry,
        "kubelens_runtime_write_actions_enabled",
        "Whether clusters may be changed",
        flag(state.options.writes_enabled),
    );
    gauge(
        registry,
        "kubelens_runtime_predictor_enabled",
        "Whether a predictor is asked",
        0.0,
    );
    gauge(
        registry,
        "kubelens_runtime_predictor_healthy",
        "Whether the predictor answers",
        0.0,
    );
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn clusters(registry: &mut Registry, state: &AppState) {
    let all: Vec<_> = state
        .clusters
        .iter()
        .map(|cluster| (cluster, cluster.seen()))
        .collect();
    let label = |name: &str| vec![("cluster", name.to_owned())];
    let up = all.iter().map(|(one, _)| {
        (
            label(&one.name),
            f64::from(u8::from(one.standing() == Standing::Ready)),
        )
    });
    gauges(
        registry,
        "kubelens_cluster_up",
        "Whether the cluster is followed",
        up,
    );
    let synced = all
        .iter()
        .map(|(one, picture)| (label(&one.name), f64::from(u8::from(picture.is_some()))));
    gauges(
        registry,
        "kubelens_cluster_synced",
        "Whether the cluster was ever read",
        synced,
    );
    let staleness = all.iter().map(|(one, _)| {
        let since = one.stale_since();
        let seconds = since.map_or(0.0, |since| {
            jiff::Timestamp::now().duration_since(since).as_secs_f64()
        });
        (label(&one.name), seconds)
    });
    gauges(
        registry,
        "kubelens_cluster_staleness_seconds",
        "For how long the cluster was not followed",
        staleness,
    );
    counters(
        registry,
        "kubelens_cluster_watch_starts",
        "How often the cluster was connected to",
        all.iter()
            .map(|(one, _)| (label(&one.name), one.watch_starts())),
    );
    let seen = || {
        all.iter()
            .filter_map(|(one, picture)| Some((one.name.as_str(), picture.as_ref()?)))
    };
    let objects = seen().flat_map(|(name, picture)| {
        let name = name.to_owned();
        Kind::ALL.iter().map(move |kind| {
            let labels = vec![
                ("cluster", name.clone()),
                ("kind", kind.as_str().to_owned()),
            ];
            (labels, picture.snapshot.tables().count(*kind) as f64)
        })
    });
    gauges(
        registry,
        "kubelens_cluster_objects",
        "Objects that are known",
        objects.collect::<Vec<_>>(),
    );
    let times = seen().map(|(name, picture)| (label(name), picture.diagnosed_in));
    gauges(
        registry,
        "kubelens_report_duration_seconds",
        "How long the last diagnosis took",
        times.collect::<Vec<_>>(),
    );
    let causes = seen().flat_map(|(name, picture)| {
        let name = name.to_owned();
        [Severity::Critical, Severity::Warning, Severity::Info]
            .into_iter()
            .map(move |severity| {
                let count = picture
                    .report
                    .causes
                    .iter()
                    .filter(|cause| cause.severity == severity)
                    .count();
                (
                    vec![
                        ("cluster", name.clone()),
                        ("severity", severity.to_string()),
                    ],
                    count as f64,
                )
            })
    });
    gauges(
        registry,
        "kubelens_report_causes",
        "Causes of the report",
        causes.collect::<Vec<_>>(),
    );
    let scores = seen().filter_map(|(name, picture)| {
        Some((label(name), f64::from(picture.report.summary.health_score?)))
    });
    gauges(
        registry,
        "kubelens_report_health_score",
        "The health score",
        scores.collect::<Vec<_>>(),
    );
    let coverage =
        seen().map(|(name, picture)| (label(name), f64::from(picture.report.coverage.percent)));
    gauges(
        registry,
        "kubelens_report_coverage_percent",
        "How much could be read",
        coverage.collect::<Vec<_>>(),
    );
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn streams(registry: &mut Registry, state: &AppState) {
    let counts = state.bus.counts();
    gauge(
        registry,
        "kubelens_stream_subscribers",
        "Who listens",
        counts.subscribers as f64,
    );
    let told = counts
        .told
        .iter()
        .map(|(kind, count)| (vec![("type", (*kind).to_owned())], *count));
    counters(
        registry,
        "kubelens_stream_events",
        "Events by type",
        told.collect::<Vec<_>>(),
    );
    registry.register(
        "kubelens_stream_dropped",
        "Events that a queue had no room for",
        ConstCounter::new(counts.dropped),
    );
    registry.register(
        "kubelens_stream_resyncs",
        "How often a listener had to fetch anew",
        ConstCounter::new(counts.resyncs),
    );
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn trail(registry: &mut Registry, state: &AppState) {
    let Some(access) = &state.access else { return };
    let health = access.audit().health();
    registry.register(
        "kubelens_audit_entries",
        "Records that were written into the trail",
        ConstCounter::new(health.entries),
    );
    registry.register(
        "kubelens_audit_sink_errors",
        "Records that could not be written",
        ConstCounter::new(health.sink_errors),
    );
    gauge(
        registry,
        "kubelens_sessions",
        "Sessions that hold",
        access.sessions() as f64,
    );
}
