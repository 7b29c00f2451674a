//! Which cluster somebody means.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use kubelens_server::Options;
use kubelens_server::demo::Demo;
use kubelens_server::live::{Cluster, Origin};

use crate::guarded::{Guarded, guarded_over};

async fn two_clusters() -> Guarded {
    let other = Cluster::new("other", Origin::Demo(Demo::still().unwrap()));
    guarded_over(false, Options::default(), vec![other]).await
}

async fn meant(guarded: &Guarded, token: &str, cookie: &str) -> String {
    let request = Request::get("/api/cluster-info")
        .header("host", "kubelens.example.com")
        .header("authorization", format!("Bearer {token}-token"))
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap();
    let answer = guarded.server.send(request).await;
    answer.header("x-kubelens-cluster").to_owned()
}

#[tokio::test]
async fn a_choice_holds_in_every_browser_of_who_made_it() {
    let guarded = two_clusters().await;
    let request = Request::post("/api/clusters/select")
        .header("host", "kubelens.example.com")
        .header("authorization", "Bearer viewer-token")
        .body(Body::from(r#"{"name":"other"}"#))
        .unwrap();
    let answer = guarded.server.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let cookie = answer.header("set-cookie");
    assert_eq!(
        cookie,
        "kubelens_cluster=other; HttpOnly; SameSite=Strict; Path=/; Max-Age=86400"
    );
    assert_eq!(meant(&guarded, "viewer", "").await, "other");
    assert_eq!(meant(&guarded, "operator", "").await, "default");
    // A browser that chose for itself, and one whose choice is gone.
    let own = "kubelens_cluster=default";
    assert_eq!(meant(&guarded, "viewer", own).await, "default");
    let gone = "kubelens_cluster=gone";
    assert_eq!(meant(&guarded, "viewer", gone).await, "other");
    assert_eq!(meant(&guarded, "operator", gone).await, "default");
}

#[tokio::test]
async fn a_choice_that_is_no_cluster_is_refused() {
    let guarded = two_clusters().await;
    let answer = guarded
        .ask("viewer", Method::POST, "/api/clusters/select")
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
    assert_eq!(meant(&guarded, "viewer", "").await, "default");
}
