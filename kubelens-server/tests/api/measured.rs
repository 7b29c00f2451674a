//! Every metric that the contract names is there, described, and in the format that was asked for.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use http::Request;

use crate::server::Server;

/// Names and types.
const COUNTERS: [&str; 29] = [
    "kubelens_http_requests_total",
    "kubelens_http_errors_total",
    "kubelens_rag_queries_total",
    "kubelens_rag_empty_results_total",
    "kubelens_rag_feedback_signals_total",
    "kubelens_rag_feedback_positive_total",
    "kubelens_rag_feedback_negative_total",
    "kubelens_http_route_requests_total",
    "kubelens_http_route_errors_total",
    "kubelens_http_route_status_2xx_total",
    "kubelens_http_route_status_3xx_total",
    "kubelens_http_route_status_4xx_total",
    "kubelens_http_route_status_5xx_total",
    "kubelens_cluster_watch_restarts_total",
    "kubelens_cluster_api_requests_total",
    "kubelens_cluster_watch_starts_total",
    "kubelens_stream_events_total",
    "kubelens_stream_dropped_total",
    "kubelens_stream_resyncs_total",
    "kubelens_auth_failures_total",
    "kubelens_actions_total",
    "kubelens_alert_deliveries_total",
    "kubelens_llm_requests_total",
    "kubelens_llm_tokens_total",
    "kubelens_predictor_requests_total",
    "kubelens_audit_entries_total",
    "kubelens_audit_sink_errors_total",
    "kubelens_state_errors_total",
    "process_cpu_seconds_total",
];
const GAUGES: [&str; 30] = [
    "kubelens_http_inflight_requests",
    "kubelens_http_uptime_seconds",
    "kubelens_http_latency_avg_ms",
    "kubelens_http_latency_max_ms",
    "kubelens_runtime_auth_enabled",
    "kubelens_runtime_write_actions_enabled",
    "kubelens_runtime_predictor_enabled",
    "kubelens_runtime_predictor_healthy",
    "kubelens_rag_enabled",
    "kubelens_rag_hit_rate",
    "kubelens_rag_average_results",
    "kubelens_build_info",
    "kubelens_cluster_up",
    "kubelens_cluster_synced",
    "kubelens_cluster_staleness_seconds",
    "kubelens_cluster_picture_age_seconds",
    "kubelens_cluster_objects",
    "kubelens_cache_entries",
    "kubelens_report_duration_seconds",
    "kubelens_report_causes",
    "kubelens_report_health_score",
    "kubelens_report_coverage_percent",
    "kubelens_stream_subscribers",
    "kubelens_sessions",
    "kubelens_alert_queue",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
];
const HISTOGRAMS: [&str; 2] = [
    "kubelens_http_request_duration_seconds",
    "kubelens_llm_duration_seconds",
];

/// Labels that a metric may have: no pod, no user, no message.
const LABELS: [&str; 14] = [
    "route", "cluster", "kind", "verb", "code", "severity", "type", "reason", "action", "result",
    "channel", "cache", "version", "commit",
];

#[tokio::test]
async fn every_metric_of_the_contract_is_there_and_described() {
    let server = Server::start().await;
    server.get("/api/pods").await;
    server.get("/api/pods/production/redis-master-0").await;
    let text = server.get("/api/metrics/prometheus").await.text();
    let described = |word: &str| -> BTreeMap<String, String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(word));
        let pairs = lines.map(|line| line.split_once(' ').unwrap_or_else(|| panic!("{line}")));
        pairs
            .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
            .collect()
    };
    let (helps, types) = (described("# HELP "), described("# TYPE "));
    let named = |names: &[&'static str], kind: &'static str| {
        let all = names.iter();
        all.map(|name| ((*name).to_owned(), kind.to_owned()))
            .collect::<Vec<_>>()
    };
    let wanted = named(&COUNTERS, "counter")
        .into_iter()
        .chain(named(&GAUGES, "gauge"))
        .chain(named(&HISTOGRAMS, "histogram"));
    for (name, kind) in wanted {
        assert_eq!(types.get(&name), Some(&kind), "{name}: {text}");
        assert!(
            helps.get(&name).is_some_and(|help| !help.is_empty()),
            "{name}"
        );
    }
    assert!(helps.keys().eq(types.keys()), "each is described once");
    let known: BTreeSet<&str> = LABELS.into_iter().chain(["le"]).collect();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let Some((_, labels)) = series.split_once('{') else {
            continue;
        };
        for label in labels
            .trim_end_matches('}')
            .split("\",")
            .filter(|one| !one.is_empty())
        {
            let name = label.split_once('=').unwrap().0;
            assert!(known.contains(name), "{line}");
        }
    }
    for line in [
        "kubelens_http_request_duration_seconds_bucket{le=\"+Inf\",route=\"GET /api/pods\"} 1",
        "kubelens_http_request_duration_seconds_count{route=\"GET /api/pods\"} 1",
        "kubelens_cluster_api_requests_total{cluster=\"default\",verb=\"get\",code=\"200\"} 1",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test]
async fn who_reads_open_metrics_gets_them() {
    let server = Server::start().await;
    let request = Request::get("/api/metrics/prometheus")
        .header(
            "accept",
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        )
        .body(Body::empty())
        .unwrap();
    let answer = server.send(request).await;
    assert_eq!(
        answer.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(
        text.contains("# TYPE kubelens_http_requests counter\n"),
        "{text}"
    );
}

#[tokio::test]
async fn an_admin_looks_inside_and_sees_counts_only() {
    let server = Server::start().await;
    let inside = server.json("/api/debug").await;
    assert_eq!(inside["clusters"][0]["standing"], "ready", "{inside:#}");
    assert!(
        inside["tasks"].as_u64() > Some(0) && inside["workers"].as_u64() > Some(0),
        "{inside:#}"
    );
    assert!(!inside.to_string().contains("redis"), "{inside:#}");
}
