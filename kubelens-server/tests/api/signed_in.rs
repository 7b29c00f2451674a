//! Sign-in, sessions, the trail, rights and settings: each answer has to fit its description.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::guarded::{Guarded, guarded};
use crate::server::Answer;

/// A request with a session's cookie, of a page of this site.
async fn with_cookie(guarded: &Guarded, cookie: &str, method: Method, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "kubelens.example.com")
        .header("origin", "http://kubelens.example.com")
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap();
    guarded.server.send(request).await
}

async fn login(guarded: &Guarded, body: &str, kind: &str) -> Answer {
    let request = Request::post("/api/auth/login")
        .header("host", "kubelens.example.com")
        .header("content-type", kind)
        .body(Body::from(body.to_owned()))
        .unwrap();
    guarded.server.send(request).await
}

fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_begins_is_listed_and_is_revoked() {
    let guarded = guarded(false).await;
    let token = json!({ "token": "operator-token" }).to_string();
    let begun = login(&guarded, &token, "application/json").await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text());
    assert_eq!(
        begun.json(),
        json!({
            "enabled": true, "authenticated": true, "user": { "name": "oli", "role": "operator" },
            "permissions": ["read", "assist", "stream", "write"],
        })
    );
    let cookie = cookie(&begun);
    let mine = with_cookie(&guarded, &cookie, Method::GET, "/api/auth/session").await;
    assert_eq!(mine.json()["user"]["name"], "oli");

    let all = guarded
        .ask("admin", Method::GET, "/api/auth/sessions")
        .await;
    let all = all.json();
    assert_eq!(
        (&all[0]["user"], &all[0]["provider"], &all[0]["current"]),
        (&json!("oli"), &json!("token"), &json!(false)),
        "{all:#}"
    );
    let path = format!("/api/auth/sessions/{}", all[0]["id"].as_str().unwrap());
    for (token, wanted) in [("viewer", 403), ("admin", 204), ("admin", 404)] {
        let answer = guarded.ask(token, Method::DELETE, &path).await;
        assert_eq!(answer.status, wanted, "{token}: {}", answer.text());
    }
    let over = with_cookie(&guarded, &cookie, Method::GET, "/api/auth/session").await;
    assert_eq!(over.json()["authenticated"], false);
    assert!(over.header("set-cookie").starts_with("kubelens_auth=;"));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_token() {
    let guarded = guarded(false).await;
    let token = json!({ "token": "viewer-token" }).to_string();
    let cookie = cookie(&login(&guarded, &token, "application/json").await);
    let out = with_cookie(&guarded, &cookie, Method::POST, "/api/auth/logout").await;
    assert_eq!(out.json()["authenticated"], false);
    let pods = with_cookie(&guarded, &cookie, Method::GET, "/api/pods").await;
    assert_eq!(pods.status, StatusCode::UNAUTHORIZED);
    let all = "/api/auth/logout?all=true";
    assert_eq!(guarded.ask("viewer", Method::POST, all).await.status, 200);
    let pods = guarded.ask("viewer", Method::GET, "/api/pods").await;
    assert_eq!(pods.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_login_is_told_why() {
    let guarded = guarded(false).await;
    let long = format!("{{\"token\":\"{}\"}}", "x".repeat(1 << 20));
    for (body, kind, status, code) in [
        ("", "application/json", 400, "bad_request"),
        ("{\"token\":\" \"}", "application/json", 400, "bad_request"),
        (
            "{\"tokens\":\"x\"}",
            "application/json",
            400,
            "invalid_body",
        ),
        ("{} {}", "application/json", 400, "invalid_body"),
        (
            "{\"token\":\"x\"}",
            "application/xml",
            415,
            "unsupported_media_type",
        ),
        (&long, "application/json", 413, "too_large"),
        (
            "{\"token\":\"x\"}",
            "application/json",
            401,
            "unauthenticated",
        ),
    ] {
        let answer = login(&guarded, body, kind).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (status, &json!(code)),
            "{}",
            answer.text()
        );
    }
    let open = crate::server::Server::start().await;
    let answer = open.get("/api/auth/session").await;
    assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED);
    for path in [
        "/api/auth/oidc/login",
        "/api/auth/oidc/callback?code=x&state=y",
    ] {
        let answer = guarded.ask("", Method::GET, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_trail_rights_and_settings_fit_their_description() {
    let guarded = guarded(false).await;
    let blocked = "/api/nodes/node-worker-1/cordon";
    assert_eq!(
        guarded.ask("admin", Method::POST, blocked).await.status,
        403
    );
    // The writer is a thread of its own: what it was given is shown a moment later.
    let path = "/api/audit?limit=5&action=write_gate_blocked";
    let started = Instant::now();
    let trail = loop {
        let trail = guarded.ask("admin", Method::GET, path).await.json();
        if trail["total"] == 1 {
            break trail;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{trail:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let denied = &trail["items"][0];
    assert_eq!(
        (&denied["success"], &denied["user"], &denied["status"]),
        (&json!(false), &json!("ann"), &json!(403)),
        "{trail:#}"
    );
    let wrong = guarded
        .ask("admin", Method::GET, "/api/audit?since=yesterday")
        .await;
    assert_eq!(wrong.json()["code"], "bad_request");
    let lines = guarded.ask("admin", Method::GET, "/api/audit/export").await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let text = lines.text();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert!(first.is_object(), "{text}");

    // Nothing to export, and a client that takes it packed.
    let request = Request::get("/api/audit/export?user=nobody")
        .header("authorization", "Bearer admin-token")
        .header("accept-encoding", "gzip")
        .body(Body::empty())
        .unwrap();
    let empty = guarded.server.send(request).await;
    assert_eq!(empty.status, StatusCode::OK);

    let rights = guarded
        .ask("viewer", Method::GET, "/api/access")
        .await
        .json();
    assert_eq!(
        rights,
        json!({
            "user": "vic", "role": "viewer", "permissions": ["read", "assist", "stream"],
            "impersonation": "off", "complete": true, "items": [],
        })
    );
    let settings = guarded.ask("admin", Method::GET, "/api/config").await;
    let settings = settings.json();
    let tokens = settings["items"].as_array().unwrap();
    let tokens = tokens
        .iter()
        .find(|one| one["name"] == "AUTH_TOKENS")
        .unwrap();
    assert_eq!(
        (&tokens["value"], &tokens["source"]),
        (&json!("********"), &json!("environment"))
    );
    assert_eq!(
        guarded
            .ask("operator", Method::GET, "/api/config")
            .await
            .status,
        403
    );
}
