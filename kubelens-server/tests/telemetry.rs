//! What the server tells of itself: lines of log, and traces, metrics and logs at a collector.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::post;
use http::{Request, Uri};
use kubelens_server::demo::Demo;
use kubelens_server::live::{Cluster, Clusters, Origin};
use kubelens_server::settings::{LogFormat, Otlp, OtlpProtocol, Telemetry};
use kubelens_server::{AppState, Options, app, telemetry};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tower::ServiceExt as _;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

type Arrived = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A collector that keeps what arrives.
async fn collector() -> (std::net::SocketAddr, Arrived) {
    async fn keep(State(arrived): State<Arrived>, uri: Uri, body: Bytes) {
        arrived.lock().unwrap().push((uri.path().to_owned(), body));
    }
    let arrived = Arrived::default();
    let router = Router::new()
        .route("/v1/{signal}", post(keep))
        .with_state(Arc::clone(&arrived));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, arrived)
}

/// Lines in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Counts requests whose span is over. One is over a moment after its answer: the client's queue in front of
/// Kubernetes holds the span of a call until it has handed the call's answer back.
struct Over(Arc<tokio::sync::Semaphore>);

impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Over {
    fn on_close(&self, id: tracing::span::Id, context: Context<'_, S>) {
        if context
            .span(&id)
            .is_some_and(|span| span.name() == "request")
        {
            self.0.add_permits(1);
        }
    }
}

fn settings(endpoint: &str) -> Telemetry {
    Telemetry {
        log_format: LogFormat::Json,
        log_level: "info".to_owned(),
        log_stream_max: Duration::from_mins(1),
        metrics_token: None,
        otlp: Some(Otlp {
            endpoint: endpoint.parse().unwrap(),
            is_for_traces: false,
            protocol: OtlpProtocol::HttpProtobuf,
            insecure: true,
            service_name: "kubelens-of-test".to_owned(),
            sample_ratio: 1.0,
        }),
    }
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|one| one.key == name);
    match found.and_then(|one| one.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{name} is {other:?} in {attributes:#?}"),
    }
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

// One test: what takes in everything that is told is one a process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_a_trace_at_the_collector_and_a_line_of_log() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    a_collector_that_is_away_stops_nothing().await;
    let (address, arrived) = collector().await;
    let lines = Lines::default();
    let out = lines.clone();
    let settings = settings(&format!("http://{address}"));
    let (subscriber, sending) =
        telemetry::subscriber(&settings, "1.2.3", move || out.clone()).unwrap();
    let over = Arc::new(tokio::sync::Semaphore::new(0));
    subscriber.with(Over(Arc::clone(&over))).try_init().unwrap();

    let cluster = Cluster::new("default", Origin::Demo(Demo::still().unwrap()));
    let state = AppState::new(Clusters::new(cluster, Vec::new()), Options::default());
    let _following = state.follow();
    let mut pictures = state.clusters.first().pictures();
    let first = pictures.wait_for(Option::is_some);
    tokio::time::timeout(Duration::from_secs(30), first)
        .await
        .unwrap()
        .unwrap();
    telemetry::measure(&state);
    let router = app(state);
    let get = async |path: &str| {
        let request = Request::get(path)
            .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
            .header("x-request-id", "asked-by-test")
            .body(Body::empty())
            .unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(
        get("/api/pods/production/redis-master-0?token=hunter2").await,
        200
    );
    assert_eq!(get("/api/pods/production/nobody").await, 404);
    let both = tokio::time::timeout(Duration::from_secs(30), over.acquire_many(2));
    drop(both.await.expect("an end of both requests").unwrap());
    tokio::task::spawn_blocking(move || drop(sending))
        .await
        .unwrap();

    let arrived = arrived.lock().unwrap().clone();
    let of = |path: &str| {
        arrived
            .iter()
            .filter(|(to, _)| to == path)
            .map(|(_, body)| body.clone())
            .collect::<Vec<_>>()
    };
    let mut spans: Vec<Span> = Vec::new();
    for body in of("/v1/traces") {
        for resource in ExportTraceServiceRequest::decode(body)
            .unwrap()
            .resource_spans
        {
            let attributes = resource.resource.unwrap().attributes;
            assert_eq!(text(&attributes, "service.name"), "kubelens-of-test");
            assert_eq!(text(&attributes, "service.version"), "1.2.3");
            spans.extend(
                resource
                    .scope_spans
                    .into_iter()
                    .flat_map(|scope| scope.spans),
            );
        }
    }
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let mut of_route: Vec<&Span> = spans
        .iter()
        .filter(|span| span.name == "GET /api/pods/{namespace}/{name}")
        .collect();
    of_route.sort_by_key(|span| span.start_time_unix_nano);
    assert_eq!(of_route.len(), 2, "{spans:#?}");
    for (span, status) in of_route.iter().zip(["200", "404"]) {
        // SPAN_KIND_SERVER
        assert_eq!(span.kind, 2);
        assert_eq!(
            (hex(&span.trace_id), hex(&span.parent_span_id)),
            (TRACE.to_owned(), PARENT.to_owned())
        );
        assert_eq!(text(&span.attributes, "http.request.method"), "GET");
        assert_eq!(
            text(&span.attributes, "http.route"),
            "/api/pods/{namespace}/{name}"
        );
        assert_eq!(text(&span.attributes, "http.response.status_code"), status);
        assert_eq!(text(&span.attributes, "request_id"), "asked-by-test");
    }
    let call = spans
        .iter()
        .find(|span| span.name == "get pods" && span.parent_span_id == of_route[0].span_id)
        .unwrap_or_else(|| panic!("no call to Kubernetes below the request: {spans:#?}"));
    // SPAN_KIND_CLIENT
    assert_eq!((call.kind, hex(&call.trace_id)), (3, TRACE.to_owned()));
    assert_eq!(text(&call.attributes, "http.response.status_code"), "200");
    assert_eq!(text(&call.attributes, "kubelens.cluster"), "default");

    let mut metrics = Vec::new();
    for body in of("/v1/metrics") {
        let sent = ExportMetricsServiceRequest::decode(body).unwrap();
        let scopes = sent
            .resource_metrics
            .into_iter()
            .flat_map(|one| one.scope_metrics);
        metrics.extend(
            scopes
                .flat_map(|scope| scope.metrics)
                .map(|metric| metric.name),
        );
    }
    for name in [
        "kubelens_http_requests_total",
        "kubelens_cluster_up",
        "kubelens_report_causes",
    ] {
        assert!(
            metrics.iter().any(|known| known == name),
            "{name}: {metrics:?}"
        );
    }

    let mut logs = Vec::new();
    for body in of("/v1/logs") {
        let sent = ExportLogsServiceRequest::decode(body).unwrap();
        let scopes = sent
            .resource_logs
            .into_iter()
            .flat_map(|one| one.scope_logs);
        logs.extend(scopes.flat_map(|scope| scope.log_records));
    }
    assert!(
        logs.iter()
            .any(|record| record.attributes.iter().any(|one| one.key == "route")),
        "{logs:#?}"
    );

    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let requests: Vec<serde_json::Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .filter(|line: &serde_json::Value| line["message"] == "request")
        .collect();
    assert_eq!(requests.len(), 2, "{written}");
    let (fine, missing) = (&requests[0], &requests[1]);
    assert_eq!(
        (&fine["level"], &missing["level"]),
        (&"INFO".into(), &"WARN".into())
    );
    for (field, value) in [
        ("request_id", "asked-by-test"),
        ("method", "GET"),
        ("path", "/api/pods/production/redis-master-0"),
        ("route", "GET /api/pods/{namespace}/{name}"),
        ("cluster", "default"),
        ("trace_id", TRACE),
    ] {
        assert_eq!(fine[field], value, "{field}: {fine:#}");
    }
    assert_eq!(fine["status"], 200);
    assert!(
        fine["duration_ms"].is_u64() && fine["bytes"].as_u64() > Some(0),
        "{fine:#}"
    );
    assert!(
        !written.contains("hunter2"),
        "a query is not logged: {written}"
    );
}

/// Nobody listens there.
async fn a_collector_that_is_away_stops_nothing() {
    for protocol in [OtlpProtocol::HttpProtobuf, OtlpProtocol::Grpc] {
        let mut settings = settings("http://127.0.0.1:9");
        if let Some(otlp) = &mut settings.otlp {
            otlp.protocol = protocol;
        }
        let (subscriber, sending) = telemetry::subscriber(&settings, "1", std::io::sink).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info_span!(target: "kubelens_server::test", "lost").in_scope(|| {});
        });
        let ended = tokio::task::spawn_blocking(move || drop(sending));
        tokio::time::timeout(Duration::from_secs(30), ended)
            .await
            .expect("an end")
            .unwrap();
    }
}
