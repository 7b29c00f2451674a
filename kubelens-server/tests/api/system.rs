use http::{Request, StatusCode};
use kubelens_server::demo::Demo;
use kubelens_server::live::{Cluster, Clusters, Origin};
use kubelens_server::{AppState, Options, app};
use tower::ServiceExt as _;

use crate::server::Server;

#[tokio::test]
async fn it_answers_before_any_cluster_was_read() {
    let cluster = Cluster::new("default", Origin::Demo(Demo::still().unwrap()));
    let router = app(AppState::new(
        Clusters::new(cluster, Vec::new()),
        Options::default(),
    ));
    let status = async |path: &str| {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    assert_eq!(status("/api/healthz").await.status(), StatusCode::OK);
    assert_eq!(
        status("/api/readyz").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    let pods = status("/api/pods").await;
    assert_eq!(pods.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(pods.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn it_says_how_it_runs_and_that_the_cluster_is_simulated() {
    let server = Server::start().await;
    let ready = server.json("/api/readyz").await;
    assert_eq!(
        (&ready["status"], &ready["clusters"][0]["source"]),
        (&"ok".into(), &"demo".into())
    );
    let runtime = server.json("/api/runtime").await;
    assert_eq!(
        (&runtime["isRealCluster"], &runtime["writeActionsEnabled"]),
        (&false.into(), &true.into())
    );
    assert_eq!(
        server.json("/api/cluster-info").await["isRealCluster"],
        false
    );
    let clusters = server.get("/api/clusters").await;
    assert_eq!(clusters.header("x-kubelens-cluster"), "default");
    assert_eq!(clusters.header("x-kubelens-demo"), "true");
    assert_eq!(
        server.json("/api/report").await["cluster"]["source"],
        "demo"
    );
    assert!(server.json("/api/version").await["version"].is_string());
}

#[tokio::test]
async fn it_counts_what_it_answers() {
    let server = Server::start().await;
    server.get("/api/pods").await;
    server.get("/api/pods/default/none/events").await;
    let metrics = server.json("/api/metrics").await;
    let routes = metrics["routes"].as_array().unwrap();
    let pods = routes
        .iter()
        .find(|route| route["route"] == "GET /api/pods")
        .unwrap();
    assert_eq!(
        (&pods["requests"], &pods["status2xx"]),
        (&1.into(), &1.into())
    );
    assert!(
        routes
            .iter()
            .any(|route| route["route"] == "GET /api/pods/{namespace}/{name}/events")
    );
    let text = server.get("/api/metrics/prometheus").await.text();
    for line in [
        "# TYPE kubelens_http_requests_total counter",
        "kubelens_http_route_requests_total{route=\"GET /api/pods\"} 1",
        "kubelens_cluster_objects{cluster=\"default\",kind=\"Pod\"} 6",
        "kubelens_cluster_up{cluster=\"default\"} 1",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("# EOF"));
}
