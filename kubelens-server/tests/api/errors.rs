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

#[tokio::test]
async fn what_a_library_refuses_has_the_same_shape() {
    let server = Server::start().await;
    let post = |kind: &str, value: &str| {
        Request::post("/api/risk-guard/analyze")
            .header(kind, value)
            .body(Body::from("{\"manifest\": \"kind: Pod\"}"))
            .unwrap()
    };
    for (name, value, status, code) in [
        (
            "content-type",
            "application/yaml",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
        ),
        (
            "content-encoding",
            "gzip",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
        ),
    ] {
        let answer = server.send(post(name, value)).await;
        assert_eq!(
            (answer.status, answer.json()["code"].clone()),
            (status, code.into()),
            "{value}"
        );
    }
    for kind in [
        "application/json; charset=utf-8",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(
            server.send(post("content-type", kind)).await.status,
            StatusCode::OK,
            "{kind}"
        );
    }
    // No handshake of a WebSocket, a path that is no UTF-8.
    for path in ["/api/stream/ws", "/api/nodes/%ff"] {
        let answer = server.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert!(
            answer.json()["error"].is_string() && answer.json()["requestId"].is_string(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn in_mode_prod_the_reader_of_json_says_less() {
    let options = |mode: &str| Options {
        mode: mode.to_owned(),
        writes_enabled: true,
        ..Options::default()
    };
    for (mode, is_told) in [("prod", false), ("dev", true)] {
        let server = Server::with(options(mode)).await;
        let bad = server
            .act(Role::Admin, Method::POST, "/api/pods", json!({"nam": "x"}))
            .await;
        let text = bad.json()["error"].as_str().unwrap().to_owned();
        assert!(text.starts_with("invalid JSON body"), "{text}");
        assert_eq!(text.contains("nam"), is_told, "{mode}: {text}");
    }
}

#[tokio::test]
async fn too_much_at_a_time_is_turned_away_and_probes_are_not() {
    let places = kubelens_server::api::load::Places {
        reads: 0,
        ..kubelens_server::api::load::Places::default()
    };
    let options = Options {
        places,
        ..Options::default()
    };
    let server = Server::with(options).await;
    let refused = server.get("/api/stats").await;
    assert_eq!(
        (
            refused.status,
            refused.json()["code"].clone(),
            refused.header("retry-after")
        ),
        (StatusCode::SERVICE_UNAVAILABLE, "overloaded".into(), "1")
    );
    assert_eq!(server.get("/api/healthz").await.status, StatusCode::OK);
    assert_eq!(server.get("/api/readyz").await.status, StatusCode::OK);
}
