use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn the_report_is_the_one_of_the_picture() {
    let server = Server::start().await;
    let answer = server.get("/api/report").await;
    let picture = server.state.clusters.first().seen().unwrap();
    let mut whole = serde_json::to_vec_pretty(&kubelens_core::diagnose(
        &picture.snapshot,
        &kubelens_core::Options::default(),
    ))
    .unwrap();
    whole.push(b'\n');
    assert_eq!(String::from_utf8(whole).unwrap(), answer.text());
    let report = answer.json();
    assert!(
        report["causes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|cause| cause["subject"]["name"] == "node-worker-3"),
        "{report:#}"
    );
    let known = Request::get("/api/report")
        .header("if-none-match", answer.header("etag"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(server.send(known).await.status, StatusCode::NOT_MODIFIED);
    let schema = server.json("/api/report/schema").await;
    assert!(
        jsonschema::validator_for(&schema)
            .unwrap()
            .is_valid(&report)
    );
}

#[tokio::test]
async fn a_part_of_the_report_counts_what_it_shows() {
    let server = Server::start().await;
    let whole = server.json("/api/report").await;
    let critical = server.json("/api/report?minSeverity=critical").await;
    assert_eq!(
        critical["summary"]["causes"],
        critical["summary"]["critical"]
    );
    assert_eq!(
        critical["summary"]["critical"],
        whole["summary"]["critical"]
    );
    let id = whole["causes"][0]["id"].as_str().unwrap();
    let one = server.json(&format!("/api/report?cause={id}")).await;
    assert_eq!(one["causes"].as_array().unwrap().len(), 1);
    assert_eq!(
        server.get("/api/report?minSeverity=odd").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_flat_diagnosis_has_one_issue_a_cause() {
    let server = Server::start().await;
    let report = server.json("/api/report").await;
    let flat = server.json("/api/diagnostics").await;
    let ids = |list: &serde_json::Value, field: &str| -> Vec<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|one| one[field].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        ids(&flat["issues"], "causeId"),
        ids(&report["causes"], "id")
    );
    assert_eq!(flat["criticalIssues"], report["summary"]["critical"]);
    assert_eq!(flat["healthScore"], report["summary"]["healthScore"]);
    let nothing = server.json("/api/diagnostics?namespace=nowhere").await;
    assert_eq!(nothing["issues"][0]["message"], "Cluster healthy");
}

#[tokio::test]
async fn an_older_report_is_compared_with_now() {
    let server = Server::start().await;
    let mut base = server.json("/api/report").await;
    let first = base["causes"].as_array_mut().unwrap().remove(0);
    base["causes"][0]["title"] = json!("something else");
    let body = json!({"base": base}).to_string();
    let answer = server
        .send(
            Request::post("/api/report/diff")
                .body(Body::from(body))
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let diff = answer.json();
    assert_eq!(diff["new"][0]["id"], first["id"]);
    assert_eq!(diff["changed"].as_array().unwrap().len(), 1);
    assert_eq!(diff["gone"], json!([]));
}
