//! The whole server behind its layers of access, with its trail.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use kubelens_server::access::Access;
use kubelens_server::audit::{Audit, AuditOptions};
use kubelens_server::demo::Demo;
use kubelens_server::kept::Kept;
use kubelens_server::live::{Cluster, Clusters, Origin};
use kubelens_server::settings::{Arguments, Settings, Sources};
use kubelens_server::store::Store;
use kubelens_server::{AppState, Options};
use serde_json::{Value, json};

use crate::server::{Answer, Server};

const TOKENS: &str = "ann:admin:admin-token,oli:operator:operator-token,vic:viewer:viewer-token";

pub(crate) struct Guarded {
    pub(crate) server: Server,
    _directory: tempfile::TempDir,
}

pub(crate) async fn guarded(writes: bool) -> Guarded {
    guarded_with(writes, Options::default()).await
}

pub(crate) async fn guarded_with(writes: bool, options: Options) -> Guarded {
    guarded_over(writes, options, Vec::new()).await
}

/// The same with more clusters than the first.
pub(crate) async fn guarded_over(writes: bool, options: Options, others: Vec<Cluster>) -> Guarded {
    let arguments = Arguments {
        demo: true,
        ..Arguments::default()
    };
    let environment = BTreeMap::from([
        ("AUTH_ENABLED".to_owned(), "true".to_owned()),
        ("AUTH_TOKENS".to_owned(), TOKENS.to_owned()),
        ("WRITE_ACTIONS_ENABLED".to_owned(), writes.to_string()),
    ]);
    let settings = Settings::load(&Sources::new(&arguments, &environment)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let audit = Audit::open(AuditOptions::default(), Some(store.clone())).unwrap();
    let kept = Kept::open(store.clone()).unwrap();
    let access = Access::new(&settings, Some(store), audit).unwrap();
    let cluster = Cluster::new("default", Origin::Demo(Demo::still().unwrap()));
    let options = Options {
        writes_enabled: writes,
        auth_enabled: true,
        ..options
    };
    let state = AppState::new(Clusters::new(cluster, others), options)
        .behind(access)
        .remembering(kept);
    Guarded {
        server: Server::of(state).await,
        _directory: directory,
    }
}

impl Guarded {
    pub(crate) async fn ask(&self, token: &str, method: Method, path: &str) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "kubelens.example.com");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}-token"));
        }
        self.server
            .send(request.body(Body::from("{}")).unwrap())
            .await
    }

    /// Something that an operator asks for with an `Idempotency-Key`.
    pub(crate) async fn once(&self, key: &str, path: &str, body: Value) -> Answer {
        let request = Request::post(path)
            .header("host", "kubelens.example.com")
            .header("authorization", "Bearer operator-token")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .unwrap();
        self.server.send(request).await
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_token_and_probes_do() {
    let guarded = guarded(true).await;
    let denied = guarded.ask("", Method::GET, "/api/pods").await;
    assert_eq!(
        (denied.status, denied.json()["code"].clone()),
        (StatusCode::UNAUTHORIZED, "unauthenticated".into())
    );
    assert_eq!(denied.header("x-frame-options"), "DENY");
    assert_eq!(denied.json()["requestId"], denied.header("x-request-id"));
    assert_eq!(
        guarded.ask("", Method::GET, "/api/healthz").await.status,
        StatusCode::OK
    );
    assert_eq!(
        guarded
            .ask("", Method::GET, "/api/auth/session")
            .await
            .status,
        StatusCode::OK
    );
    for path in [
        "/api/pods",
        "/api/report",
        "/api/resources/deployments",
        "/api/metrics",
        "/api/operations",
    ] {
        assert_eq!(
            guarded.ask("viewer", Method::GET, path).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_described_route_is_in_the_table_of_access() {
    let guarded = guarded(true).await;
    let document = guarded
        .ask("viewer", Method::GET, "/api/openapi.json")
        .await
        .json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{kind}", "deployments")
            .replace("{namespace}", "x")
            .replace("{name}", "y")
            .replace("{id}", "z");
        for (method, operation) in operations.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let denied = guarded.ask("wrong", method.clone(), &path).await.status;
            let is_open = operation["x-kubelens-role"] == "public";
            assert_eq!(
                denied == StatusCode::UNAUTHORIZED,
                !is_open,
                "{method} {path}: {denied}"
            );
        }
    }
}

#[tokio::test]
async fn a_change_is_for_operators_and_stands_in_the_trail() {
    let guarded = guarded(true).await;
    let path = "/api/nodes/node-worker-1/cordon";
    assert_eq!(
        guarded.ask("viewer", Method::POST, path).await.status,
        StatusCode::FORBIDDEN
    );
    let done = guarded.ask("operator", Method::POST, path).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let trail = guarded
        .ask("admin", Method::GET, "/api/audit?action=node.cordon")
        .await
        .json();
    let done = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["user"] == "oli")
        .cloned()
        .unwrap_or(Value::Null);
    assert_eq!(
        (
            &done["status"],
            &done["target"],
            &done["cluster"],
            &done["role"]
        ),
        (
            &json!(200),
            &json!("Node node-worker-1"),
            &json!("default"),
            &json!("operator")
        ),
        "{trail:#}"
    );
}

#[tokio::test]
async fn the_gate_holds_whatever_the_role() {
    let guarded = guarded(false).await;
    let blocked = guarded
        .ask("admin", Method::POST, "/api/nodes/node-worker-1/cordon")
        .await;
    assert_eq!(
        (blocked.status, blocked.json()["code"].clone()),
        (StatusCode::FORBIDDEN, "write_gate_blocked".into())
    );
}

#[tokio::test]
async fn the_inside_is_for_admins_only() {
    let guarded = guarded(false).await;
    for (token, status) in [
        ("admin", 200),
        ("operator", 403),
        ("viewer", 403),
        ("", 401),
    ] {
        let answer = guarded.ask(token, Method::GET, "/api/debug").await;
        assert_eq!(answer.status, status, "{token}: {}", answer.text());
    }
    let metrics = guarded
        .ask("viewer", Method::GET, "/api/metrics/prometheus")
        .await;
    let text = metrics.text();
    for line in [
        "kubelens_auth_failures_total{reason=\"forbidden\"} 2",
        "kubelens_auth_failures_total{reason=\"unauthenticated\"} 1",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
