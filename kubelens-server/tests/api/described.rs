use std::collections::BTreeSet;

use http::StatusCode;
use kubelens_server::access::table::ROUTES;
use kubelens_server::api::routes::openapi::DOCUMENT;
use serde_json::Value;

use crate::server::Server;

#[tokio::test]
async fn the_description_is_the_one_that_is_checked_in() {
    insta::assert_json_snapshot!("openapi", *DOCUMENT);
    let server = Server::start().await;
    assert_eq!(server.json("/api/openapi.json").await, *DOCUMENT);
    let yaml = server.get("/api/openapi.yaml").await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
    assert_eq!(
        serde_saphyr::from_str::<Value>(&yaml.text()).unwrap(),
        *DOCUMENT
    );
}

/// Methods and patterns, without the names of their variables.
fn same(method: &str, pattern: &str) -> String {
    let parts = pattern
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    format!(
        "{} {}",
        method.to_uppercase(),
        parts.collect::<Vec<_>>().join("/")
    )
}

#[tokio::test]
async fn every_route_is_described_or_comes_later() {
    let mut described = BTreeSet::new();
    for (pattern, operations) in DOCUMENT["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.insert(same(method, pattern));
        }
    }
    let server = crate::guarded::guarded(true).await;
    for rule in ROUTES {
        let pattern = format!("/api{}", rule.pattern);
        if described.remove(&same(rule.method, &pattern)) {
            continue;
        }
        let path = pattern.replace(['{', '}'], "");
        let answer = server
            .ask("admin", rule.method.parse().unwrap(), &path)
            .await;
        assert_eq!(
            answer.status,
            StatusCode::NOT_IMPLEMENTED,
            "{} {path}",
            rule.method
        );
    }
    assert_eq!(
        described,
        BTreeSet::new(),
        "described, and not in the table"
    );
}
