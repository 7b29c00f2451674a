use axum::body::Body;
use http::{Method, Request, StatusCode};
use kubelens_server::Options;
use kubelens_server::who::Role;
use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn errors_have_one_shape_and_name_their_request() {
    let server = Server::start().await;
    let request = Request::get("/api/nothing")
        .header("x-request-id", "abc.1")
        .body(Body::empty())
        .unwrap();
    let missing = server.send(request).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(
        missing.json(),
        json!({"error": "nothing is at /api/nothing", "code": "not_found", "requestId": "abc.1"})
    );
    assert_eq!(missing.header("x-request-id"), "abc.1");
    let wrong = server
        .act(Role::Admin, Method::PATCH, "/api/stats", json!({}))
        .await;
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD")
    );
    let later = server.get("/api/incidents").await;
    assert_eq!(
        (later.status, later.json()["code"].clone()),
        (StatusCode::NOT_IMPLEMENTED, "not_implemented".into())
    );
    let bad = server
        .act(Role::Admin, Method::POST, "/api/pods", json!({"nam": "x"}))
        .await;
    assert_eq!(
        (bad.status, bad.json()["code"].clone()),
        (StatusCode::BAD_REQUEST, "invalid_body".into())
    );
    let long = Request::post("/api/risk-guard/analyze")
        .body(Body::from(vec![b' '; 2 << 20]))
        .unwrap();
    assert_eq!(
        server.send(long).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn a_cluster_is_chosen_by_header_or_cookie() {
    let server = Server::start().await;
    let with = |name: &str, value: &str| {
        Request::get("/api/stats")
            .header(name, value)
            .body(Body::empty())
            .unwrap()
    };
    let unknown = server.send(with("x-kubelens-cluster", "mars")).await;
    assert_eq!(
        (unknown.status, unknown.json()["code"].clone()),
        (StatusCode::NOT_FOUND, "cluster_not_found".into())
    );
    let stale = server.send(with("cookie", "kubelens_cluster=mars")).await;
    assert_eq!(stale.status, StatusCode::OK);
    assert!(stale.header("set-cookie").contains("Max-Age=0"));
    let select = |name: &str| {
        server.act(
            Role::Viewer,
            Method::POST,
            "/api/clusters/select",
            json!({"name": name}),
        )
    };
    let chosen = select("default").await;
    assert!(
        chosen
            .header("set-cookie")
            .starts_with("kubelens_cluster=default;")
    );
    assert_eq!(select("").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(select("mars").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_changes_anything_past_the_gate() {
    let path = "/api/nodes/node-worker-1/cordon";
    let open = Server::start().await;
    let viewer = open.act(Role::Viewer, Method::POST, path, json!({})).await;
    assert_eq!(
        (viewer.status, viewer.json()["code"].clone()),
        (StatusCode::FORBIDDEN, "forbidden".into())
    );
    let closed = Server::with(Options::default()).await;
    let admin = closed.act(Role::Admin, Method::POST, path, json!({})).await;
    assert_eq!(
        (admin.status, admin.json()["code"].clone()),
        (StatusCode::FORBIDDEN, "write_gate_blocked".into())
    );
    for server in [open, closed] {
        assert_eq!(
            server.json("/api/resources/nodes/_/node-worker-1").await["object"]["spec"]["unschedulable"],
            json!(null)
        );
    }
}
