//! Through the public doors: a router behind all layers.

mod browser;
mod matrix;
mod trail;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::audit::AuditOptions;
use crate::settings::{Arguments, Sources};

const TOKENS: &str = "ann:admin:admin-token,oli:operator:operator-token,vic:viewer:viewer-token";

/// A server of this room alone: every other route answers 200 `reached`.
pub(super) struct House {
    app: Router,
    access: Access,
    _directory: tempfile::TempDir,
}

pub(super) fn house(pairs: &[(&str, &str)]) -> House {
    let mut environment = BTreeMap::from([
        ("AUTH_ENABLED".to_owned(), "true".to_owned()),
        ("AUTH_TOKENS".to_owned(), TOKENS.to_owned()),
    ]);
    for (name, value) in pairs {
        environment.insert((*name).to_owned(), (*value).to_owned());
    }
    let settings = Settings::load(&Sources::new(&Arguments::default(), &environment)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let audit = Audit::open(AuditOptions::default(), Some(store.clone())).unwrap();
    let access = Access::new(&settings, Some(store), audit).unwrap();
    House {
        app: behind_layers(&access),
        access,
        _directory: directory,
    }
}

fn behind_layers(access: &Access) -> Router {
    let layer = |access: &Access| access.clone();
    Router::new()
        .merge(routes(access.clone()))
        .fallback(any(async || "reached"))
        .layer(from_fn_with_state(layer(access), record))
        .layer(from_fn_with_state(layer(access), authorize))
        .layer(from_fn_with_state(layer(access), limit))
        .layer(from_fn_with_state(layer(access), authenticate))
        .layer(from_fn_with_state(layer(access), security_headers))
        .layer(from_fn(
            async |mut request: Request, next: axum::middleware::Next| {
                request.extensions_mut().insert(RequestId("r-1".to_owned()));
                next.run(request).await
            },
        ))
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: serde_json::Value,
}

impl Answer {
    pub(super) fn cookie(&self) -> String {
        let set = self.headers["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }
}

impl House {
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let peer: SocketAddr = "192.0.2.1:4000".parse().unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "kubelens.example.com")
            .extension(ConnectInfo(peer));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    pub(super) async fn with_token(&self, method: &str, path: &str, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.ask(method, path, &[("authorization", &bearer)], "")
            .await
    }

    async fn login(&self, token: &str) -> Answer {
        let body = serde_json::json!({ "token": token }).to_string();
        self.ask("POST", "/api/auth/login", &[], &body).await
    }
}
