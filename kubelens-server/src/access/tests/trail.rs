//! What the audit trail keeps of all this.

use super::*;

async fn actions(house: &House) -> Vec<(String, u64)> {
    let list = house
        .with_token("GET", "/api/audit?limit=500", "admin-token")
        .await;
    let items = list.body["items"].as_array().unwrap().clone();
    let pair = |it: &serde_json::Value| {
        (
            it["action"].as_str().unwrap_or_default().to_owned(),
            it["status"].as_u64().unwrap(),
        )
    };
    items.iter().rev().map(pair).collect()
}

/// The writer is a thread of its own: what it was given is shown a moment later.
async fn eventually(house: &House, wanted: &[(&str, u64)]) {
    let wanted: Vec<_> = wanted.iter().map(|(a, s)| ((*a).to_owned(), *s)).collect();
    let mut found = Vec::new();
    for _ in 0..200 {
        found = actions(house).await;
        found.retain(|(action, _)| action != "get /api/audit");
        if found == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn denials_logins_and_mutations_are_kept() {
    let house = house(&[("RATE_LIMIT_ENABLED", "false")]);
    house.ask("GET", "/api/pods", &[], "").await;
    house.with_token("POST", "/api/pods", "viewer-token").await;
    house
        .with_token("POST", "/api/pods", "operator-token")
        .await;
    house.login("wrong").await;
    let cookie = house.login("operator-token").await.cookie();
    let evil = [
        ("cookie", cookie.as_str()),
        ("origin", "http://evil.example.com"),
    ];
    house.ask("POST", "/api/incidents", &evil, "").await;
    house
        .with_token("POST", "/api/incidents", "viewer-token")
        .await;
    let wanted = [
        ("unauthenticated", 401),
        ("forbidden", 403),
        ("write_gate_blocked", 403),
        ("login_failed", 401),
        ("session.login", 200),
        ("csrf_blocked", 403),
        ("incident.create", 200),
    ];
    eventually(&house, &wanted).await;
}

#[tokio::test]
async fn a_viewer_sees_neither_addresses_nor_what_others_asked() {
    let house = house(&[]);
    house
        .with_token("POST", "/api/assistant", "operator-token")
        .await;
    house
        .with_token("POST", "/api/assistant", "viewer-token")
        .await;
    eventually(&house, &[("assistant.ask", 200), ("assistant.ask", 200)]).await;
    let list = house
        .with_token("GET", "/api/audit?action=assistant.ask", "viewer-token")
        .await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["user"], "vic");
    assert!(items[0].get("clientIp").is_none());
    let full = house
        .with_token("GET", "/api/audit?user=oli", "admin-token")
        .await;
    assert_eq!(full.body["items"][0]["clientIp"], "192.0.2.1");
    assert_eq!(full.body["items"][0]["requestId"], "r-1");
    assert_eq!(full.body["items"][0]["route"], "/api/assistant");
}

#[tokio::test]
async fn a_mutation_is_refused_when_it_cannot_be_recorded() {
    let house = house(&[]);
    let environment = BTreeMap::from([
        ("AUTH_ENABLED".to_owned(), "true".to_owned()),
        ("AUTH_TOKENS".to_owned(), TOKENS.to_owned()),
    ]);
    let settings = Settings::load(&Sources::new(&Arguments::default(), &environment)).unwrap();
    let audit = Audit::open(AuditOptions::default(), None).unwrap();
    let access = Access::new(&settings, None, audit).unwrap();
    let house = House {
        app: behind_layers(&access),
        access,
        ..house
    };
    let refused = house
        .with_token("POST", "/api/incidents", "viewer-token")
        .await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["code"]),
        (503, &"audit_unavailable".into())
    );
    assert_eq!(
        house
            .with_token("GET", "/api/pods", "viewer-token")
            .await
            .status
            .as_u16(),
        200
    );
    assert_eq!(house.login("viewer-token").await.status.as_u16(), 200);
}

#[tokio::test]
async fn an_export_verifies() {
    let house = house(&[]);
    for _ in 0..5 {
        house
            .with_token("POST", "/api/incidents", "viewer-token")
            .await;
    }
    let request = Request::builder()
        .uri("/api/audit/export")
        .header("authorization", "Bearer admin-token")
        .body(Body::empty())
        .unwrap();
    let response = house.app.clone().oneshot(request).await.unwrap();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let verdict = crate::audit::verify(text.lines(), None, None, &[]);
    assert!(verdict.is_intact() && verdict.records >= 10, "{verdict:?}");
}
