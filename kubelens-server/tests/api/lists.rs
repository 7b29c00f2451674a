use axum::body::Body;
use http::{Request, StatusCode};

use crate::server::Server;

async fn names(server: &Server, path: &str) -> Vec<String> {
    let list = server.json(path).await;
    let items = list
        .as_array()
        .cloned()
        .unwrap_or_else(|| list["items"].as_array().unwrap().clone());
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn lists_are_narrowed_and_sorted() {
    let server = Server::start().await;
    let three = [
        "auth-service-v2-5f6b7c8d9-abcde",
        "payment-gateway-7f8d9a0b-12345",
        "redis-master-0",
    ];
    assert_eq!(
        names(&server, "/api/pods?namespace=production").await,
        three
    );
    assert_eq!(
        names(&server, "/api/pods?labelSelector=app%3Dredis").await,
        ["redis-master-0"]
    );
    assert_eq!(
        names(&server, "/api/pods?fieldSelector=status%3DFailed").await,
        [three[1]]
    );
    assert_eq!(names(&server, "/api/pods?q=PENDING").await, [three[0]]);
    assert_eq!(
        names(&server, "/api/pods?sort=-restarts&limit=1").await,
        [three[1]]
    );
    assert_eq!(
        names(&server, "/api/pods?sort=-age&limit=1").await,
        ["coredns-64897985d-m2q8l"]
    );
    assert_eq!(
        names(&server, "/api/resources/deployments?q=checkout").await,
        ["checkout-api"]
    );
    assert_eq!(
        server.get("/api/pods?sort=colour").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn pages_follow_each_other_and_end() {
    let server = Server::start().await;
    let first = server.get("/api/pods?limit=4").await;
    assert_eq!(first.header("x-kubelens-total"), "6");
    let token = first.header("x-kubelens-continue").to_owned();
    let second = server
        .get(&format!("/api/pods?limit=4&continue={token}"))
        .await;
    assert_eq!(second.json().as_array().unwrap().len(), 2);
    assert_eq!(second.header("x-kubelens-continue"), "");
    let other = server
        .get(&format!("/api/pods?limit=4&q=x&continue={token}"))
        .await;
    assert_eq!(
        (other.status, other.json()["code"].clone()),
        (StatusCode::GONE, "continue_expired".into())
    );
    assert_eq!(
        server.get("/api/pods?continue=nonsense!").await.status,
        StatusCode::BAD_REQUEST
    );
    let objects = server.json("/api/resources/pods?limit=1").await;
    assert_eq!(objects["total"], 6);
    assert!(objects["continue"].is_string());
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let server = Server::start().await;
    let first = server.get("/api/pods").await;
    let again = |etag: &str| {
        Request::get("/api/pods")
            .header("if-none-match", etag)
            .body(Body::empty())
            .unwrap()
    };
    let same = server.send(again(first.header("etag"))).await;
    assert_eq!(
        (same.status, same.bytes.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    let other = server.send(again("W/\"0-0\"")).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn long_answers_are_compressed_for_who_wants_that() {
    let server = Server::start().await;
    for encoding in ["gzip", "zstd"] {
        let request = Request::get("/api/report")
            .header("accept-encoding", encoding)
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            server.send(request).await.header("content-encoding"),
            encoding
        );
    }
    assert_eq!(
        server.get("/api/report").await.header("content-encoding"),
        ""
    );
}

#[tokio::test]
async fn a_name_of_the_query_may_stand_there_more_than_once() {
    let server = Server::start().await;
    let both = names(&server, "/api/pods?namespace=default&namespace=monitoring").await;
    assert_eq!(
        both,
        names(&server, "/api/pods?namespace=default,monitoring").await
    );
    assert_eq!(both.len(), 2);
}
