//! Search, topology, and what the report says of objects with some labels.

use http::StatusCode;
use serde_json::Value;

use crate::server::Server;

fn texts<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    let items = list.as_array().unwrap();
    items
        .iter()
        .map(|item| item[field].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn objects_and_causes_are_found_by_a_part_of_their_text() {
    let server = Server::start().await;
    let found = server.json("/api/search?q=redis").await;
    let first = &found["items"][0];
    assert_eq!(
        (first["matched"].as_str(), first["text"].as_str()),
        (Some("name"), Some("redis"))
    );
    assert!(
        texts(&found["items"], "text").contains(&"redis-master-0"),
        "{found:#}"
    );
    let image = server.json("/api/search?q=nginx:latest").await;
    assert!(
        texts(&image["items"], "matched").contains(&"image"),
        "{image:#}"
    );
    let one = server.json("/api/search?q=redis&limit=1").await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(one["total"], found["total"]);
    let label = server.json("/api/search?q=app%3Dredis").await;
    assert!(
        texts(&label["items"], "matched").contains(&"label"),
        "{label:#}"
    );
    let cause = server.json("/api/report").await["causes"][0].clone();
    let title = cause["title"].as_str().unwrap().replace(' ', "%20");
    let finding = server.json(&format!("/api/search?q={title}")).await;
    assert_eq!(finding["items"][0]["causeId"], cause["id"]);
    assert_eq!(
        server.json("/api/search?q=no-such-thing-anywhere").await["total"],
        0
    );
    assert_eq!(
        server.get("/api/search?q=").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn what_hangs_together_is_shown_around_an_object() {
    let server = Server::start().await;
    let all = server.json("/api/topology?namespace=production").await;
    let edges = all["edges"].as_array().unwrap();
    assert!(!edges.is_empty(), "{all:#}");
    let node = "Pod/production/redis-master-0";
    let runs = edges
        .iter()
        .find(|edge| edge["from"] == node && edge["relation"] == "runs on");
    assert_eq!(runs.unwrap()["to"], "Node/node-worker-2");
    let near = server
        .json(&format!("/api/topology?root={node}&depth=1"))
        .await;
    assert!(near["nodes"].as_array().unwrap().len() < all["nodes"].as_array().unwrap().len());
    for edge in near["edges"].as_array().unwrap() {
        for end in ["from", "to"] {
            let name = edge[end].as_str().unwrap().rsplit('/').next().unwrap();
            assert!(
                near["nodes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| one["ref"]["name"] == name),
                "{edge}"
            );
        }
    }
    let broken = server.json("/api/topology?root=Node/node-worker-3").await;
    let status = broken["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["ref"]["name"] == "node-worker-3")
        .unwrap();
    assert_eq!(status["status"], "critical", "{broken:#}");
    assert_eq!(
        server.get("/api/topology?root=Pod/x/none").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_selector_narrows_the_report_to_what_concerns_its_objects() {
    let server = Server::start().await;
    let whole = server.json("/api/report").await;
    let gateway = server
        .json("/api/report?selector=app%3Dpayment-gateway")
        .await;
    let causes = gateway["causes"].as_array().unwrap();
    assert!(!causes.is_empty(), "{gateway:#}");
    assert!(causes.len() < whole["causes"].as_array().unwrap().len());
    assert_eq!(gateway["summary"]["causes"], causes.len());
    let none = server.json("/api/report?selector=app%3Dnobody").await;
    assert_eq!(none["causes"].as_array().unwrap().len(), 0);
    assert_eq!(
        server.get("/api/report?selector=a%20b").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn kinds_without_a_type_are_asked_of_the_api_server() {
    let server = Server::start().await;
    for path in [
        "/api/resources/gadgets",
        "/api/resources/gadgets/x/y",
        "/api/resources/gadgets/x/y/yaml",
    ] {
        let unknown = server.get(path).await;
        assert_eq!(unknown.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(unknown.text().contains("no kind is called"), "{path}");
    }
}
