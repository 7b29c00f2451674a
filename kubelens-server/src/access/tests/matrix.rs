//! Role x route x write gate x channel, over the whole table.

use super::*;
use crate::access::table::{Effect, ROUTES, Rule, Who};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Via {
    Nothing,
    WrongToken,
    Token,
    Cookie,
    CookieFromElsewhere,
}

/// What the contract says, told apart from the code that decides.
fn expected(route: &Rule, role: Role, via: Via, gate: bool) -> u16 {
    let mutating = route.method != "GET";
    let signed_in = matches!(via, Via::Token | Via::Cookie | Via::CookieFromElsewhere);
    if route.who != Who::Public && !signed_in {
        return 401;
    }
    if mutating && via == Via::CookieFromElsewhere {
        return 403;
    }
    let needed = match route.who {
        Who::Role(needed) => needed,
        Who::Public | Who::Scraper => return 200,
    };
    if role < needed || (route.effect == Effect::Cluster && !gate) {
        return 403;
    }
    200
}

/// Routes of this room do something of their own once they are reached.
fn is_own(rule: &Rule) -> bool {
    rule.pattern.starts_with("/auth")
        || rule.pattern.starts_with("/audit")
        || matches!(rule.pattern, "/access" | "/config")
}

#[tokio::test]
async fn every_role_route_gate_and_channel() {
    let mut seen = 0;
    for gate in [false, true] {
        let gate_word = gate.to_string();
        let house = house(&[
            ("WRITE_ACTIONS_ENABLED", &gate_word),
            ("RATE_LIMIT_ENABLED", "false"),
        ]);
        for role in Role::ALL {
            let token = format!("{}-token", role.word());
            let cookie = house.login(&token).await.cookie();
            for via in [
                Via::Nothing,
                Via::WrongToken,
                Via::Token,
                Via::Cookie,
                Via::CookieFromElsewhere,
            ] {
                for rule in ROUTES {
                    if rule.pattern == "/auth/logout" {
                        continue;
                    }
                    let path = format!("/api{}", rule.pattern.replace('{', "x").replace('}', ""));
                    let bearer = format!("Bearer {token}");
                    let origin = ("origin", "https://kubelens.example.com");
                    let headers: Vec<(&str, &str)> = match via {
                        Via::Nothing => vec![],
                        Via::WrongToken => vec![("authorization", "Bearer nobody")],
                        Via::Token => vec![("authorization", &bearer)],
                        Via::Cookie => vec![("cookie", &cookie), origin],
                        Via::CookieFromElsewhere => {
                            vec![("cookie", &cookie), ("origin", "https://evil.example.com")]
                        }
                    };
                    let status = house
                        .ask(rule.method, &path, &headers, "")
                        .await
                        .status
                        .as_u16();
                    let wanted = expected(rule, role, via, gate);
                    let told = format!("{role:?} {} {path} via {via:?}, gate {gate}", rule.method);
                    if is_own(rule) && wanted == 200 {
                        assert!(!matches!(status, 401 | 403 | 405), "{told}: {status}");
                    } else {
                        assert_eq!(status, wanted, "{told}");
                    }
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 2 * 3 * 5 * (ROUTES.len() - 1));
}

#[tokio::test]
async fn without_sign_in_everyone_is_a_viewer() {
    let house = house(&[("AUTH_ENABLED", "false"), ("RATE_LIMIT_ENABLED", "false")]);
    for rule in ROUTES.iter().filter(|it| !is_own(it)) {
        let path = format!("/api{}", rule.pattern.replace('{', "x").replace('}', ""));
        let status = house.ask(rule.method, &path, &[], "").await.status.as_u16();
        let viewer = !matches!(rule.who, Who::Role(role) if role > Role::Viewer);
        assert_eq!(
            status,
            if viewer { 200 } else { 403 },
            "{} {path}",
            rule.method
        );
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_refused_whatever_the_router_has() {
    let house = house(&[]);
    let unknown = house
        .with_token("GET", "/api/secret-door", "admin-token")
        .await;
    assert_eq!(
        (unknown.status.as_u16(), &unknown.body["code"]),
        (404, &"not_found".into())
    );
    let method = house.with_token("PUT", "/api/pods", "admin-token").await;
    assert_eq!(method.status.as_u16(), 405);
    assert_eq!(method.headers["allow"], "GET, HEAD, POST");
    assert_eq!(
        house
            .ask("GET", "/api/secret-door", &[], "")
            .await
            .status
            .as_u16(),
        401
    );
    for page in ["/", "/apis", "/api-docs"] {
        assert_eq!(house.ask("GET", page, &[], "").await.status.as_u16(), 200);
    }
    assert_eq!(
        house
            .ask("HEAD", "/api/pods", &[], "")
            .await
            .status
            .as_u16(),
        401
    );
}

#[tokio::test]
async fn the_scrape_token_opens_the_measures_and_nothing_else() {
    let house = house(&[("METRICS_TOKEN", "scrape-token")]);
    let measures = house
        .with_token("GET", "/api/metrics/prometheus", "scrape-token")
        .await;
    assert_eq!(measures.status.as_u16(), 200);
    let pods = house.with_token("GET", "/api/pods", "scrape-token").await;
    assert_eq!(pods.status.as_u16(), 401);
}
