//! Sign-in, cookies, lockout, limits, headers.

use super::*;

#[tokio::test]
async fn login_gives_a_cookie_that_scripts_cannot_read() {
    let house = house(&[]);
    let answer = house.login("operator-token").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(
        answer.body,
        serde_json::json!({
            "enabled": true, "authenticated": true,
            "user": {"name": "oli", "role": "operator"},
            "permissions": ["read", "assist", "stream", "write"],
        })
    );
    let set = answer.headers["set-cookie"].to_str().unwrap();
    for part in [
        "kubelens_auth=",
        "Path=/",
        "HttpOnly",
        "SameSite=Strict",
        "Max-Age=43200",
    ] {
        assert!(set.contains(part), "{set}");
    }
    assert!(
        !set.contains("Secure") && !set.contains("operator-token"),
        "{set}"
    );
    let session = house
        .ask(
            "GET",
            "/api/auth/session",
            &[("cookie", &answer.cookie())],
            "",
        )
        .await;
    assert_eq!(session.body["user"]["name"], "oli");
}

#[tokio::test]
async fn a_token_in_the_cookie_or_the_query_opens_nothing() {
    let house = house(&[]);
    let cookie = [("cookie", "kubelens_auth=admin-token")];
    assert_eq!(
        house
            .ask("GET", "/api/pods", &cookie, "")
            .await
            .status
            .as_u16(),
        401
    );
    let query = house
        .ask(
            "GET",
            "/api/pods?token=admin-token&access_token=admin-token",
            &[],
            "",
        )
        .await;
    assert_eq!(query.status.as_u16(), 401);
    assert_eq!(query.body["error"], "missing bearer token");
    assert_eq!(query.headers["www-authenticate"], "Bearer");
    assert_eq!(query.body["requestId"], "r-1");
    let header = [("x-auth-token", "admin-token")];
    assert_eq!(
        house
            .ask("GET", "/api/pods", &header, "")
            .await
            .status
            .as_u16(),
        401
    );
}

#[tokio::test]
async fn the_header_token_works_when_it_is_allowed() {
    let house = house(&[("AUTH_ALLOW_HEADER_TOKEN", "true")]);
    let header = [("x-auth-token", "viewer-token")];
    assert_eq!(
        house
            .ask("GET", "/api/pods", &header, "")
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn logout_ends_the_session_for_good() {
    let house = house(&[]);
    let (one, two) = (
        house.login("viewer-token").await,
        house.login("viewer-token").await,
    );
    let (one, two) = (one.cookie(), two.cookie());
    let origin = ("origin", "http://kubelens.example.com");
    let out = house
        .ask("POST", "/api/auth/logout", &[("cookie", &one), origin], "")
        .await;
    assert_eq!(out.body["authenticated"], false);
    assert!(
        out.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let status = async |cookie: &str| {
        house
            .ask("GET", "/api/pods", &[("cookie", cookie)], "")
            .await
            .status
            .as_u16()
    };
    assert_eq!((status(&one).await, status(&two).await), (401, 200));
    house
        .ask(
            "POST",
            "/api/auth/logout?all=true",
            &[("cookie", &two), origin],
            "",
        )
        .await;
    assert_eq!(house.access.sessions(), 0);
}

#[tokio::test]
async fn an_admin_sees_sessions_and_ends_them() {
    let house = house(&[]);
    let cookie = house.login("viewer-token").await.cookie();
    let list = house
        .with_token("GET", "/api/auth/sessions", "admin-token")
        .await;
    let id = list.body[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list.body[0]["user"], "vic");
    let path = format!("/api/auth/sessions/{id}");
    assert_eq!(
        house
            .with_token("DELETE", &path, "admin-token")
            .await
            .status
            .as_u16(),
        204
    );
    assert_eq!(
        house
            .with_token("DELETE", &path, "admin-token")
            .await
            .status
            .as_u16(),
        404
    );
    assert_eq!(
        house
            .ask("GET", "/api/pods", &[("cookie", &cookie)], "")
            .await
            .status
            .as_u16(),
        401
    );
}

#[tokio::test]
async fn the_fifth_failed_login_closes_the_door_even_for_a_good_token() {
    let house = house(&[]);
    for _ in 0..4 {
        assert_eq!(house.login("wrong").await.status.as_u16(), 401);
    }
    let fifth = house.login("wrong").await;
    assert_eq!(fifth.status.as_u16(), 429);
    assert_eq!(fifth.headers["retry-after"], "300");
    assert_eq!(house.login("admin-token").await.status.as_u16(), 429);
    assert_eq!(
        house
            .with_token("GET", "/api/pods", "admin-token")
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn a_login_without_a_token_is_a_bad_request() {
    let house = house(&[]);
    for body in [
        "",
        "{}",
        r#"{"token":""}"#,
        r#"{"token":"a","more":1}"#,
        "{} {}",
    ] {
        let answer = house.ask("POST", "/api/auth/login", &[], body).await;
        assert_eq!(answer.status.as_u16(), 400, "{body}");
    }
    let off = super::house(&[("AUTH_ENABLED", "false")]);
    assert_eq!(off.login("admin-token").await.status.as_u16(), 400);
    let session = off.ask("GET", "/api/auth/session", &[], "").await;
    assert_eq!(
        session.body,
        serde_json::json!({"enabled": false, "authenticated": false, "permissions": ["read", "assist", "stream"]})
    );
}

#[tokio::test]
async fn more_requests_than_the_limit_wait_for_the_next_window() {
    let house = house(&[("RATE_LIMIT_REQUESTS", "3")]);
    for _ in 0..3 {
        assert_eq!(
            house
                .with_token("GET", "/api/pods", "viewer-token")
                .await
                .status
                .as_u16(),
            200
        );
    }
    let over = house.with_token("GET", "/api/pods", "viewer-token").await;
    assert_eq!(
        (over.status.as_u16(), &over.body["error"]),
        (429, &"rate limit exceeded".into())
    );
    let wait: u64 = over.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait));
    // Others, probes and scrapes go on.
    assert_eq!(
        house
            .with_token("GET", "/api/pods", "admin-token")
            .await
            .status
            .as_u16(),
        200
    );
    for _ in 0..5 {
        assert_eq!(
            house
                .ask("GET", "/api/healthz", &[], "")
                .await
                .status
                .as_u16(),
            200
        );
    }
}

#[tokio::test]
async fn guesses_are_counted_by_address() {
    let house = house(&[("RATE_LIMIT_REQUESTS", "3")]);
    for guess in ["a", "b", "c"] {
        assert_eq!(
            house
                .with_token("GET", "/api/pods", guess)
                .await
                .status
                .as_u16(),
            401
        );
    }
    assert_eq!(
        house
            .with_token("GET", "/api/pods", "d")
            .await
            .status
            .as_u16(),
        429
    );
}

#[tokio::test]
async fn every_answer_keeps_the_browser_safe() {
    let house = house(&[("AUTH_TRUSTED_PROXY_CIDRS", "192.0.2.0/24")]);
    for path in ["/", "/api/healthz", "/api/pods", "/api/nothing"] {
        let answer = house.ask("GET", path, &[], "").await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.headers["x-frame-options"], "DENY");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert!(!answer.headers.contains_key("strict-transport-security"));
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    let forwarded = [("x-forwarded-proto", "https")];
    let secure = house.ask("GET", "/api/healthz", &forwarded, "").await;
    assert!(secure.headers.contains_key("strict-transport-security"));
    let body = r#"{"token":"admin-token"}"#;
    let login = house.ask("POST", "/api/auth/login", &forwarded, body).await;
    assert!(
        login.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Secure")
    );
    // Nobody else may say so.
    let other = super::house(&[])
        .ask("GET", "/api/healthz", &forwarded, "")
        .await;
    assert!(!other.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_websocket_from_another_site_is_refused_unless_it_has_a_bearer() {
    let house = house(&[]);
    let cookie = house.login("viewer-token").await.cookie();
    let upgrade = ("upgrade", "websocket");
    let evil = ("origin", "http://evil.example.com");
    let own = ("origin", "http://kubelens.example.com");
    let status = async |headers: &[(&str, &str)]| {
        house
            .ask("GET", "/api/stream/ws", headers, "")
            .await
            .status
            .as_u16()
    };
    assert_eq!(status(&[("cookie", &cookie), upgrade, evil]).await, 403);
    assert_eq!(status(&[("cookie", &cookie), upgrade]).await, 403);
    assert_eq!(status(&[("cookie", &cookie), upgrade, own]).await, 200);
    assert_eq!(
        status(&[("authorization", "Bearer viewer-token"), upgrade]).await,
        200
    );
}

#[tokio::test]
async fn nothing_shows_a_token() {
    let house = house(&[("METRICS_TOKEN", "scrape-token")]);
    let config = house.with_token("GET", "/api/config", "admin-token").await;
    let text = format!("{} {:?}", config.body, house.access);
    assert!(text.contains("********"));
    for token in [
        "admin-token",
        "operator-token",
        "viewer-token",
        "scrape-token",
    ] {
        assert!(!text.contains(token), "{text}");
    }
}
