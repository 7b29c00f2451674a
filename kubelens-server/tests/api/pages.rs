//! What a browser gets outside of `/api`.

use http::{Method, StatusCode};
use kubelens_server::Options;

use crate::guarded::{guarded, guarded_with};

#[tokio::test]
async fn pages_are_for_everybody_and_hold_to_the_strict_policy() {
    let guarded = guarded(false).await;
    for path in [
        "/",
        "/index.html",
        "/reference",
        "/reference.html",
        "/somewhere/else",
    ] {
        let page = guarded.ask("", Method::GET, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(
            page.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("style-src 'self';") && policy.contains("script-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe-inline"), "{policy}");
    }
    let script = guarded.ask("", Method::GET, "/assets/reference.js").await;
    assert_eq!(
        script.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    let written = guarded.ask("", Method::POST, "/").await;
    assert_eq!(
        (written.status, written.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD")
    );
    assert_eq!(written.json()["code"], "method_not_allowed");
}

#[tokio::test]
async fn what_is_not_in_the_api_is_no_page() {
    let guarded = guarded(false).await;
    for path in ["/api", "/api/", "/api/nothing"] {
        let missing = guarded.ask("viewer", Method::GET, path).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(missing.json()["code"], "not_found", "{path}");
    }
}

#[tokio::test]
async fn an_interface_of_ones_own_stands_before_the_pages() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("index.html"),
        "<p style=\"color: red\">own</p>",
    )
    .unwrap();
    let options = Options {
        dist_dir: directory.path().to_owned(),
        ..Options::default()
    };
    let guarded = guarded_with(false, options).await;
    for path in ["/", "/pods/shop/web"] {
        let page = guarded.ask("", Method::GET, path).await;
        assert!(page.text().contains("own"), "{path}");
        assert!(
            page.header("content-security-policy")
                .contains("style-src 'self' 'unsafe-inline'")
        );
    }
}

#[tokio::test]
async fn the_description_says_who_may_do_what() {
    let guarded = guarded(false).await;
    let document = guarded
        .ask("", Method::GET, "/api/openapi.json")
        .await
        .json();
    let drain = &document["paths"]["/api/nodes/{name}/drain"]["post"];
    assert_eq!(drain["x-kubelens-role"], "operator");
    assert_eq!(drain["x-kubelens-write-gate"], true);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["x-kubelens-role"].is_string(), "{method} {path}");
        }
    }
}
