//! What a real collector understands of the server's traces, metrics and logs.

use std::time::Duration;

use anyhow::Result;
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::patience::{Seen, until};
use kubelens_tests::server::{SOON, Server};

/// Between two looks at what the collector wrote.
const PAUSE: Duration = Duration::from_millis(100);

/// What the collector has written out, cut where something begins.
fn things<'a>(collected: &'a str, begin: &'a str) -> impl Iterator<Item = &'a str> {
    collected.split(begin).skip(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_real_collector_takes_in_traces_metrics_and_logs() -> Result<()> {
    let mut plane = ControlPlane::start(&Options::default()).await?;
    let collector = plane.start_collector().await?;
    for (protocol, endpoint, service, trace) in [
        (
            "http/protobuf",
            &collector.http,
            "lens-by-http",
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        (
            "grpc",
            &collector.grpc,
            "lens-by-grpc",
            "0af7651916cd43dd8448eb211c80319c",
        ),
    ] {
        let state = plane.folder().join(service);
        let server = Server::start(
            plane.admin_kubeconfig(),
            &state,
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_SERVICE_NAME", service),
            ],
        )?;
        server.until("/api/readyz", |ready| ready["status"] == "ok")?;
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let path = "/api/resources/configmaps/kube-system/extension-apiserver-authentication";
        let answer = server.ask("GET", path, &[("traceparent", &parent)], "")?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        // Asked to stop, it sends what is left.
        server.stop()?;

        until("what was sent", SOON, PAUSE, async || {
            let collected = plane.collected()?;
            let missing = missing(&collected, service, trace);
            Ok(match missing.as_slice() {
                [] => Seen::Yes(()),
                _ => Seen::NotYet(format!("{protocol}: no {missing:?} in\n{collected}")),
            })
        })
        .await?;
    }
    Ok(())
}

/// What of a request the collector has not written out.
fn missing(collected: &str, service: &str, trace: &str) -> Vec<&'static str> {
    let named = format!("-> service.name: Str({service})");
    let traced = format!(": {trace}");
    let has = |begin: &str, words: &[&str]| {
        things(collected, begin).any(|resource| {
            resource.contains(&named) && words.iter().all(|word| resource.contains(word))
        })
    };
    let spans = [
        "Name           : GET /api/resources/{kind}/{namespace}/{name}",
        &traced,
    ];
    let call = [
        "Name           : get configmaps",
        "Kind           : Client",
        &traced,
    ];
    let metrics = [
        "-> Name: kubelens_http_requests_total",
        "-> Name: kubelens_cluster_up",
    ];
    let logs = ["Body: Str(request)", &traced];
    [
        ("request", has("ResourceSpans #", &spans)),
        ("call to Kubernetes", has("ResourceSpans #", &call)),
        ("metrics", has("ResourceMetrics #", &metrics)),
        ("log", has("ResourceLog #", &logs)),
    ]
    .into_iter()
    .filter_map(|(what, is_there)| (!is_there).then_some(what))
    .collect()
}
