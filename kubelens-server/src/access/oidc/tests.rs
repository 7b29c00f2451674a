//! A provider of our own, with real keys, behind a real socket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::access::Role;
use crate::access::tests::house;

struct Issuer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    key: EcdsaKeyPair,
    id: String,
    /// What the token endpoint gives, and what it was asked.
    token: Option<String>,
    asked: Vec<(String, String)>,
    fetches: u32,
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

type Held = State<(SocketAddr, Arc<Mutex<Shared>>)>;

impl Issuer {
    async fn start() -> Issuer {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared {
            key: key(),
            id: "one".to_owned(),
            token: None,
            asked: Vec::new(),
            fetches: 0,
        }));
        let discovery = async |State((address, _)): Held| {
            Json(json!({
                "issuer": format!("http://{address}"),
                "jwks_uri": format!("http://{address}/keys"),
                "authorization_endpoint": format!("http://{address}/authorize"),
                "token_endpoint": format!("http://{address}/token"),
            }))
        };
        let keys = async |State((_, shared)): Held| {
            let mut shared = shared.lock().unwrap();
            shared.fetches += 1;
            let point = shared.key.public_key().as_ref().to_vec();
            let part = |range| URL_SAFE_NO_PAD.encode(&point[range]);
            Json(json!({"keys": [{
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": shared.id,
                "x": part(1..33), "y": part(33..65),
            }]}))
        };
        let token = async |State((_, shared)): Held, form: String| {
            let mut shared = shared.lock().unwrap();
            shared.asked = url::form_urlencoded::parse(form.as_bytes())
                .into_owned()
                .collect();
            Json(json!({"id_token": shared.token}))
        };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state((address, shared.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Issuer { address, shared }
    }

    fn claims(&self, more: Value) -> Value {
        let mut claims = json!({
            "iss": format!("http://{}", self.address),
            "aud": "kubelens",
            "sub": "u-1",
            "exp": Timestamp::now().as_second() + 300,
            "preferred_username": "olga",
            "roles": ["Operator", "other"],
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn sign(&self, claims: &Value) -> String {
        let shared = self.shared.lock().unwrap();
        let header = json!({"alg": "ES256", "kid": shared.id});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = shared
            .key
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn client(&self) -> Oidc {
        Oidc::new(settings::Oidc {
            provider: "oidc".to_owned(),
            issuer: format!("http://{}", self.address).parse().unwrap(),
            client_id: "kubelens".to_owned(),
            client_secret: None,
            redirect_url: None,
            username_claim: None,
            role_claim: None,
        })
    }
}

#[tokio::test]
async fn a_good_id_token_names_its_person_and_role() {
    let issuer = Issuer::start().await;
    let verified = issuer
        .client()
        .verify(&issuer.sign(&issuer.claims(json!({}))))
        .await
        .unwrap();
    let identity = verified.identity;
    assert_eq!(
        (identity.name.as_str(), identity.role),
        ("olga", Role::Operator)
    );
    assert_eq!(identity.subject, "u-1");
}

#[tokio::test]
async fn tokens_for_others_old_forged_or_unsigned_ones_are_refused() {
    let issuer = Issuer::start().await;
    let oidc = issuer.client();
    let now = Timestamp::now().as_second();
    let bad = [
        json!({"aud": "another"}),
        json!({"iss": "http://elsewhere"}),
        json!({"exp": now - 120}),
        json!({"exp": (now + 600).to_string()}),
        json!({"nbf": now + 600}),
        json!({"aud": ["kubelens", "another"]}),
        json!({"azp": "another"}),
        json!({"sub": null}),
    ];
    for more in bad {
        let token = issuer.sign(&issuer.claims(more.clone()));
        assert_eq!(
            oidc.verify(&token).await.unwrap_err(),
            Refused::Invalid,
            "{more}"
        );
    }
    // Within the clocks' difference.
    let late = issuer.sign(&issuer.claims(json!({"exp": now - 30})));
    assert!(oidc.verify(&late).await.is_ok());

    let good = issuer.sign(&issuer.claims(json!({})));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let hmac = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"one"}"#);
    let payload = message.split_once('.').unwrap().1;
    for token in [
        format!("{none}.{payload}."),
        format!("{hmac}.{payload}.{signature}"),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        format!("{message}x.{signature}"),
        "a.b.c".to_owned(),
        "nonsense".to_owned(),
    ] {
        assert_eq!(
            oidc.verify(&token).await.unwrap_err(),
            Refused::Invalid,
            "{token}"
        );
    }
}

#[tokio::test]
async fn a_key_of_another_id_is_looked_for_at_most_now_and_then() {
    let issuer = Issuer::start().await;
    let oidc = issuer.client();
    let good = issuer.sign(&issuer.claims(json!({})));
    oidc.verify(&good).await.unwrap();
    issuer.shared.lock().unwrap().id = "unknown".to_owned();
    let other = issuer.sign(&issuer.claims(json!({})));
    for _ in 0..5 {
        assert!(oidc.verify(&other).await.is_err());
    }
    assert_eq!(issuer.shared.lock().unwrap().fetches, 1);
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_to_be_away() {
    let issuer = Issuer::start().await;
    let token = issuer.sign(&issuer.claims(json!({})));
    let mut away = issuer.client();
    away.keys = Keys::new("http://127.0.0.1:9".parse().unwrap());
    assert_eq!(
        away.verify(&token).await.unwrap_err(),
        Refused::ProviderDown
    );
}

#[tokio::test]
async fn the_browser_logs_in_by_code_and_pkce() {
    let issuer = Issuer::start().await;
    let address = format!("http://{}", issuer.address);
    let house = house(&[
        ("AUTH_OIDC_ISSUER_URL", &address),
        ("AUTH_OIDC_CLIENT_ID", "kubelens"),
        ("AUTH_OIDC_CLIENT_SECRET", "shh"),
        (
            "AUTH_OIDC_REDIRECT_URL",
            "http://kubelens.example.com/api/auth/oidc/callback",
        ),
    ]);
    let begin = async |return_to: &str| {
        let path = format!("/api/auth/oidc/login?returnTo={return_to}");
        let answer = house.ask("GET", &path, &[], "").await;
        assert_eq!(answer.status.as_u16(), 302);
        let to: url::Url = answer.headers["location"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let query: std::collections::BTreeMap<_, _> = to.query_pairs().into_owned().collect();
        (answer.cookie(), query)
    };
    let (cookie, query) = begin("/pods").await;
    assert_eq!(query["code_challenge_method"], "S256");
    let nonce = json!({"nonce": query["nonce"]});
    issuer.shared.lock().unwrap().token = Some(issuer.sign(&issuer.claims(nonce)));
    let path = format!("/api/auth/oidc/callback?code=c0de&state={}", query["state"]);

    // Another browser cannot use it, and it is used up then.
    let other = house
        .ask("GET", &path, &[("cookie", "kubelens_oidc=x")], "")
        .await;
    assert_eq!(other.status.as_u16(), 401);
    assert_eq!(
        house
            .ask("GET", &path, &[("cookie", &cookie)], "")
            .await
            .status
            .as_u16(),
        401
    );

    let (cookie, query) = begin("/pods").await;
    let nonce = json!({"nonce": query["nonce"]});
    let token = issuer.sign(&issuer.claims(nonce));
    issuer.shared.lock().unwrap().token = Some(token.clone());
    let path = format!("/api/auth/oidc/callback?code=c0de&state={}", query["state"]);
    let done = house.ask("GET", &path, &[("cookie", &cookie)], "").await;
    assert_eq!(
        (done.status.as_u16(), &done.headers["location"]),
        (302, &"/pods".parse().unwrap())
    );
    let asked = issuer.shared.lock().unwrap().asked.clone();
    let verifier = &asked
        .iter()
        .find(|(name, _)| name == "code_verifier")
        .unwrap()
        .1;
    assert_eq!(
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        query["code_challenge"]
    );
    let session = house
        .ask(
            "GET",
            "/api/auth/session",
            &[("cookie", &done.cookie())],
            "",
        )
        .await;
    assert_eq!(
        session.body["user"],
        json!({"name": "olga", "role": "operator"})
    );
    // The ID token of another login does not have this one's nonce.
    let (cookie, query) = begin("//evil.example.com").await;
    let path = format!("/api/auth/oidc/callback?code=c0de&state={}", query["state"]);
    assert_eq!(
        house
            .ask("GET", &path, &[("cookie", &cookie)], "")
            .await
            .status
            .as_u16(),
        401
    );
    // As a bearer it is good, too.
    assert_eq!(
        house
            .with_token("GET", "/api/pods", &token)
            .await
            .status
            .as_u16(),
        200
    );
}
