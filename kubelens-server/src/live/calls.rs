//! Calls to a cluster's API server: each is counted, and is a span of the trace that it is made for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request};
use kube::client::Body;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::telemetry::{carry, name};

/// How many calls there were, by verb and status.
#[derive(Debug, Default)]
pub(super) struct Calls {
    counts: Mutex<BTreeMap<(&'static str, String), u64>>,
}

impl Calls {
    fn note(&self, verb: &'static str, code: String) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((verb, code)).or_default() += 1;
    }

    /// The counts.
    pub(super) fn counts(&self) -> BTreeMap<(&'static str, String), u64> {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A client whose calls are counted and traced.
pub(super) fn told_of(base: kube::Client, calls: Arc<Calls>, cluster: &str) -> kube::Client {
    let namespace = base.default_namespace().to_owned();
    let cluster = cluster.to_owned();
    let service = tower::service_fn(move |mut request: Request<Body>| {
        let (verb, resource) = asked(request.method(), request.uri());
        let called = format!("{verb} {resource}");
        let span = tracing::info_span!(
            "kubernetes",
            otel.name = called,
            otel.kind = "client",
            http.request.method = %request.method(),
            http.response.status_code = Empty,
            url.path = request.uri().path(),
            kubelens.cluster = cluster,
        );
        carry(&span, request.headers_mut());
        let (base, calls, told) = (base.clone(), Arc::clone(&calls), span.clone());
        async move {
            let answer = base.send(request).await;
            if let Ok(answer) = &answer {
                let status = answer.status();
                told.record("http.response.status_code", i64::from(status.as_u16()));
                if !status.is_success() && status.as_u16() != 101 {
                    name(&told, &called, true);
                }
                calls.note(verb, status.as_str().to_owned());
            } else {
                name(&told, &called, true);
                calls.note(verb, "error".to_owned());
            }
            answer
        }
        .instrument(span)
    });
    kube::Client::new(service, namespace)
}

/// The verb and the resource of a call, in Kubernetes' words: `list pods`, `get pods/log`.
fn asked(method: &Method, uri: &http::Uri) -> (&'static str, String) {
    let mut parts = uri.path().split('/').filter(|part| !part.is_empty());
    let below: Vec<&str> = match parts.next() {
        Some("api") => parts.skip(1).collect(),
        Some("apis") => parts.skip(2).collect(),
        _ => Vec::new(),
    };
    let place = match below.as_slice() {
        ["namespaces", _, rest @ ..]
            if !rest.is_empty() && !matches!(rest, ["status" | "finalize"]) =>
        {
            rest
        }
        all => all,
    };
    let (resource, is_one) = match place {
        [] => ("other".to_owned(), false),
        [resource] => ((*resource).to_owned(), false),
        [resource, _] => ((*resource).to_owned(), true),
        [resource, _, sub, ..] => (format!("{resource}/{sub}"), true),
    };
    let watches = uri
        .query()
        .is_some_and(|query| query.split('&').any(|it| it.starts_with("watch=")));
    let verb = match (method.as_str(), is_one) {
        ("GET", true) => "get",
        ("GET", false) if watches => "watch",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        _ => "other",
    };
    (verb, resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_kubernetes_words_and_no_names_of_objects() {
        for (method, path, words) in [
            ("GET", "/api/v1/namespaces/shop/pods", "list pods"),
            ("GET", "/api/v1/pods?watch=true", "watch pods"),
            (
                "GET",
                "/api/v1/namespaces/shop/pods/web-1/log?follow=true",
                "get pods/log",
            ),
            ("GET", "/api/v1/namespaces/shop", "get namespaces"),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/shop/deployments/web",
                "patch deployments",
            ),
            (
                "POST",
                "/api/v1/namespaces/shop/pods/web-1/eviction",
                "create pods/eviction",
            ),
            ("GET", "/api/v1/nodes/a", "get nodes"),
            ("GET", "/readyz", "list other"),
        ] {
            let (verb, resource) = asked(&method.parse().unwrap(), &path.parse().unwrap());
            assert_eq!(format!("{verb} {resource}"), words, "{path}");
        }
    }
}
