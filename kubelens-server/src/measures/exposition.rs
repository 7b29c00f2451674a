//! The counts for Prometheus.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;

use kubelens_core::kubernetes::Kind;
use kubelens_core::model::Severity;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::durations::Durations;
use super::process::Process;
use crate::access::Access;
use crate::access::table::ROUTES;
use crate::live::Standing;
use crate::server::AppState;

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// Everything that is counted, in the older text format.
pub fn exposition(state: &AppState) -> String {
    plain(&open_metrics(state))
}

/// The same as OpenMetrics.
pub fn open_metrics(state: &AppState) -> String {
    let mut registry = Registry::default();
    http(&mut registry, state);
    runtime(&mut registry, state);
    clusters(&mut registry, state);
    streams(&mut registry, state);
    trail(&mut registry, state);
    later(&mut registry);
    process(&mut registry);
    let mut text = String::new();
    if let Err(error) = encode(&mut text, &registry) {
        tracing::error!("metrics cannot be written: {error}");
    }
    text
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
    registry.register(
        "kubelens_http_request_duration_seconds",
        "Time of an answer by route",
        Durations(
            routes
                .iter()
                .map(|(route, counts)| (route.clone(), counts.clone()))
                .collect(),
        ),
    );
    counters(
        registry,
        "kubelens_actions",
        "Actions by what came of them",
        actions(state),
    );
}

fn runtime(registry: &mut Registry, state: &AppState) {
    registry.register(
        "kubelens_state_errors",
        "Failures of the state store",
        ConstCounter::new(state.measures.state_errors()),
    );
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
        let stale_for = one.stale_for().unwrap_or_default();
        (label(&one.name), stale_for.as_secs_f64())
    });
    gauges(
        registry,
        "kubelens_cluster_staleness_seconds",
        "For how long the cluster was not followed",
        staleness,
    );
    let restarts = all.iter().flat_map(|(one, _)| {
        let name = one.name.clone();
        let counted = one.watch_restarts();
        let kinds = Kind::ALL.iter().map(|kind| kind.as_str().to_owned());
        let all: BTreeSet<String> = kinds.chain(counted.keys().cloned()).collect();
        all.into_iter().map(move |kind| {
            let count = counted.get(&kind).copied().unwrap_or_default();
            (vec![("cluster", name.clone()), ("kind", kind)], count)
        })
    });
    counters(
        registry,
        "kubelens_cluster_watch_restarts",
        "How often the watch of a kind broke off and began anew",
        restarts.collect::<Vec<_>>(),
    );
    let calls = all.iter().flat_map(|(one, _)| {
        let name = one.name.clone();
        one.calls().into_iter().map(move |((verb, code), count)| {
            let labels = vec![
                ("cluster", name.clone()),
                ("verb", verb.to_owned()),
                ("code", code),
            ];
            (labels, count)
        })
    });
    counters(
        registry,
        "kubelens_cluster_api_requests",
        "Calls to the API server for requests, watches aside",
        calls.collect::<Vec<_>>(),
    );
    let views = all.iter().flat_map(|(one, _)| {
        let counts = one.view_counts();
        let label = |cache: &str| vec![("cluster", one.name.clone()), ("cache", cache.to_owned())];
        [
            (label("people"), counts.people as f64),
            (label("views"), counts.views as f64),
        ]
    });
    gauges(
        registry,
        "kubelens_cache_entries",
        "What is remembered of people's rights",
        views.collect::<Vec<_>>(),
    );
    let ages = all.iter().filter_map(|(one, picture)| {
        let age = jiff::Timestamp::now().duration_since(picture.as_ref()?.as_of);
        Some((label(&one.name), age.as_secs_f64().max(0.0)))
    });
    gauges(
        registry,
        "kubelens_cluster_picture_age_seconds",
        "How far the picture is behind",
        ages.collect::<Vec<_>>(),
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
    counters(
        registry,
        "kubelens_auth_failures",
        "Requests that were not let in, by reason",
        refusals(state),
    );
    let health = state.access.as_ref().map(|access| access.audit().health());
    let sessions = state.access.as_ref().map_or(0, Access::sessions);
    let health = health.unwrap_or_default();
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
        sessions as f64,
    );
}

/// Every action with both results, counted or not: what is not there yet could not be compared with later.
fn actions(state: &AppState) -> Vec<(Labels, u64)> {
    let mut all = state.measures.actions();
    let gated = ROUTES.iter().filter(|rule| rule.is_gated());
    for action in gated.filter_map(|rule| rule.action) {
        for result in ["success", "failure"] {
            all.entry((action.to_owned(), result)).or_default();
        }
    }
    let labels =
        |(action, result): (String, &str)| vec![("action", action), ("result", result.to_owned())];
    all.into_iter()
        .map(|(key, count)| (labels(key), count))
        .collect()
}

/// The same for reasons not to let somebody in.
fn refusals(state: &AppState) -> Vec<(Labels, u64)> {
    let mut all = state.measures.refusals();
    for reason in [
        "unauthenticated",
        "forbidden",
        "csrf_blocked",
        "write_gate_blocked",
        "rate_limited",
        "login_failed",
        "login_rate_limited",
    ] {
        all.entry(reason).or_default();
    }
    let all = all.into_iter();
    all.map(|(reason, count)| (vec![("reason", reason.to_owned())], count))
        .collect()
}

/// What this version does not do yet, and so counts none of.
fn later(registry: &mut Registry) {
    for (name, help) in [
        ("kubelens_rag_enabled", "Whether references are looked up"),
        ("kubelens_rag_hit_rate", "Look-ups that found something"),
        ("kubelens_rag_average_results", "Results of a look-up"),
        ("kubelens_alert_queue", "Alerts that wait"),
    ] {
        gauge(registry, name, help, 0.0);
    }
    for (name, help) in [
        ("kubelens_rag_queries", "Look-ups"),
        ("kubelens_rag_empty_results", "Look-ups without a result"),
        ("kubelens_rag_feedback_signals", "Judgements of results"),
        ("kubelens_rag_feedback_positive", "Good judgements"),
        ("kubelens_rag_feedback_negative", "Bad judgements"),
        ("kubelens_llm_requests", "Calls to a language model"),
        ("kubelens_llm_tokens", "Tokens of a language model"),
    ] {
        registry.register(name, help, ConstCounter::new(0_u64));
    }
    let results = ["success", "failure"].map(|result| ("result", result.to_owned()));
    let deliveries = ["alertmanager", "slack", "pagerduty"]
        .into_iter()
        .flat_map(|channel| {
            let results = results.clone();
            results.map(|result| (vec![("channel", channel.to_owned()), result], 0))
        });
    counters(
        registry,
        "kubelens_alert_deliveries",
        "Alerts by channel and result",
        deliveries.collect::<Vec<_>>(),
    );
    counters(
        registry,
        "kubelens_predictor_requests",
        "Calls to the predictor by result",
        results.map(|result| (vec![result], 0)),
    );
    registry.register(
        "kubelens_llm_duration_seconds",
        "Time of a call to a language model",
        Histogram::new(super::BOUNDS),
    );
}

/// Of this process, as far as the system tells.
fn process(registry: &mut Registry) {
    let own = Process::now();
    if let Some(seconds) = own.cpu_seconds {
        registry.register(
            "process_cpu_seconds",
            "CPU time that was used",
            ConstCounter::new(seconds),
        );
    }
    for (name, help, value) in [
        (
            "process_resident_memory_bytes",
            "Memory in use",
            own.resident_bytes,
        ),
        (
            "process_virtual_memory_bytes",
            "Memory that is mapped",
            own.virtual_bytes,
        ),
        (
            "process_open_fds",
            "Open files and connections",
            own.open_files,
        ),
        (
            "process_max_fds",
            "Files and connections that may be open",
            own.most_files,
        ),
        ("process_threads", "Threads", own.threads),
        ("process_start_time_seconds", "When it began", own.began_at),
    ] {
        if let Some(value) = value {
            gauge(registry, name, help, value);
        }
    }
}
