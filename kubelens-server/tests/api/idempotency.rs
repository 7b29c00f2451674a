//! What is asked for again with the same key.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::json;

use crate::guarded::guarded;

const RESTART: &str = "/api/pods/production/redis-master-0/restart";

async fn restarts(guarded: &crate::guarded::Guarded) -> i64 {
    let path = "/api/resources/pods/production/redis-master-0";
    let pod = guarded.ask("viewer", Method::GET, path).await.json();
    pod["object"]["status"]["containerStatuses"][0]["restartCount"]
        .as_i64()
        .unwrap()
}

/// The audit of the restarts, once it holds so many: an entry is written when its answer is over, which may be a moment
/// after the client has it.
async fn trail(guarded: &crate::guarded::Guarded, count: usize) -> serde_json::Value {
    let started = Instant::now();
    loop {
        let path = "/api/audit?action=pod.restart";
        let trail = guarded.ask("admin", Method::GET, path).await.json();
        let length = trail["items"].as_array().map_or(0, Vec::len);
        if length >= count {
            assert_eq!(length, count, "{trail:#}");
            return trail;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{trail:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_change_is_made_once_and_answered_the_same() {
    let guarded = guarded(true).await;
    let before = restarts(&guarded).await;
    let first = guarded.once("k1", RESTART, json!({})).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = guarded.once("k1", RESTART, json!({})).await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, first.json()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(restarts(&guarded).await, before + 1);
    let trail = trail(&guarded, 2).await;
    let reasons: Vec<_> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["reason"].clone())
        .collect();
    assert!(
        reasons.contains(&json!(
            "asked again with the same Idempotency-Key: nothing was done"
        )),
        "{trail:#}"
    );
    guarded.once("k2", RESTART, json!({})).await;
    assert_eq!(restarts(&guarded).await, before + 2);
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let guarded = guarded(true).await;
    let path = "/api/resources/deployments/production/checkout-api/scale";
    let first = guarded.once("k", path, json!({"replicas": 3})).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let other = guarded.once("k", path, json!({"replicas": 4})).await;
    assert_eq!(
        (other.status, other.json()["code"].clone()),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("idempotency_key_reused")
        )
    );
    let elsewhere = guarded
        .once("k", "/api/nodes/node-worker-1/cordon", json!({}))
        .await;
    assert_eq!(
        elsewhere.status,
        StatusCode::OK,
        "another route has keys of its own"
    );
    let bad = guarded
        .once(&"k".repeat(256), path, json!({"replicas": 3}))
        .await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_refusal_is_repeated_as_well() {
    let guarded = guarded(true).await;
    let first = guarded
        .once("k", "/api/pods/production/nobody/restart", json!({}))
        .await;
    let again = guarded
        .once("k", "/api/pods/production/nobody/restart", json!({}))
        .await;
    assert_eq!(
        (first.status, again.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    assert_eq!(first.json()["error"], again.json()["error"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
}
