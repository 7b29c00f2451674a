//! What is not for everybody: secret values, terminals.

use http::{Method, StatusCode};
use kubelens_server::Options;
use serde_json::json;

use crate::guarded::{guarded, guarded_with};

const SECRET: &str = "/api/resources/secrets/production/payment-secrets/yaml";

#[tokio::test]
async fn secret_values_are_for_admins_and_stand_in_the_trail() {
    // It changes nothing: the write gate is not in its way.
    let guarded = guarded(false).await;
    let masked = guarded.ask("viewer", Method::GET, SECRET).await;
    assert_eq!(masked.status, StatusCode::OK, "{}", masked.text());
    assert!(masked.text().contains("***"), "{}", masked.text());
    let path = format!("{SECRET}?reveal=true");
    for role in ["viewer", "operator"] {
        let denied = guarded.ask(role, Method::GET, &path).await;
        assert_eq!(
            (denied.status, denied.json()["code"].clone()),
            (StatusCode::FORBIDDEN, json!("forbidden")),
            "{role}"
        );
    }
    let shown = guarded.ask("admin", Method::GET, &path).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    assert!(!shown.text().contains("***"), "{}", shown.text());
    let trail = guarded
        .ask("admin", Method::GET, "/api/audit?action=secret.reveal")
        .await
        .json();
    let entry = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["user"] == "ann")
        .unwrap();
    assert_eq!(entry["target"], "Secret production/payment-secrets");
}

#[tokio::test]
async fn terminals_are_switched_on_gated_and_for_operators() {
    let path = "/api/pods/production/redis-master-0/exec?command=id";
    let code = async |guarded: &crate::guarded::Guarded, role: &str, path: &str| {
        let answer = guarded.ask(role, Method::GET, path).await;
        (
            answer.status.as_u16(),
            answer.json()["code"].as_str().unwrap().to_owned(),
        )
    };
    let on = Options {
        exec_enabled: true,
        ..Options::default()
    };
    let open = guarded_with(true, on.clone()).await;
    assert_eq!(
        code(&open, "viewer", path).await,
        (403, "forbidden".to_owned())
    );
    assert_eq!(
        code(&open, "operator", path).await,
        (501, "not_implemented".to_owned())
    );
    let port = "/api/pods/production/redis-master-0/portforward";
    assert_eq!(
        code(&open, "operator", port).await,
        (400, "bad_request".to_owned())
    );
    assert_eq!(
        code(&open, "operator", &format!("{port}?port=80")).await,
        (501, "not_implemented".to_owned())
    );
    let trail = open
        .ask("admin", Method::GET, "/api/audit?action=pod.exec")
        .await
        .json();
    assert!(trail.to_string().contains("command: id"), "{trail:#}");
    let closed = guarded_with(false, on).await;
    assert_eq!(
        code(&closed, "admin", path).await,
        (403, "write_gate_blocked".to_owned())
    );
    let off = guarded(true).await;
    assert_eq!(
        code(&off, "admin", path).await,
        (403, "exec_disabled".to_owned())
    );
}
