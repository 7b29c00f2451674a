//! The simulated API server: requests in, answers out, as HTTP.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::Service;

use super::discovery;
use super::path::Path;
use super::verbs;
use super::world::{Refused, World};

/// Longest body that it reads.
const LONGEST: usize = 4 * 1024 * 1024;

/// The server as a service that a client can be made of.
pub(super) fn service(
    world: Arc<World>,
) -> impl Service<
    Request<kube::client::Body>,
    Response = Response<Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
> + Send
+ 'static {
    tower::service_fn(move |request: Request<kube::client::Body>| {
        let world = Arc::clone(&world);
        async move { Ok(answer(world, request).await) }
    })
}

async fn answer(world: Arc<World>, request: Request<kube::client::Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let query = query(parts.uri.query().unwrap_or_default());
    let path = parts.uri.path();
    match path {
        "/version" => return json_answer(StatusCode::OK, &discovery::version()),
        "/apis" => return json_answer(StatusCode::OK, &discovery::groups()),
        _ => {}
    }
    let Some(path) = Path::parse(path) else {
        return refused(&Refused {
            code: 404,
            reason: "NotFound",
            message: "the server could not find the requested resource".to_owned(),
        });
    };
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return refused(&Refused::invalid(error.to_string())),
    };
    if bytes.len() > LONGEST {
        return refused(&Refused::invalid("the body is too long"));
    }
    let is_rehearsal = query.get("dryRun").is_some_and(|value| value == "All");
    let done = match (&parts.method, path.subresource.as_deref()) {
        (&Method::GET, Some("log")) => {
            return match verbs::log(&world, &path, &query) {
                Ok(text) => text_answer(text),
                Err(why) => refused(&why),
            };
        }
        (&Method::GET, _)
            if path.name.is_none() && query.get("watch").is_some_and(|value| value == "true") =>
        {
            return watch(world, path, &query);
        }
        (&Method::GET, _) => match &path.name {
            Some(_) => verbs::get(&world, &path).map(|object| (200, object)),
            None => Ok((200, verbs::list(&world, &path, &query))),
        },
        (&Method::POST, Some("eviction")) => verbs::evict(&world, &path, is_rehearsal),
        (&Method::POST, _) => verbs::create(&world, &path, &bytes, is_rehearsal),
        (&Method::PUT, _) => verbs::replace(&world, &path, &bytes, is_rehearsal),
        (&Method::PATCH, _) => {
            let kind = parts.headers.get(http::header::CONTENT_TYPE);
            let kind = kind
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            verbs::patch(&world, &path, kind, &bytes, is_rehearsal)
        }
        (&Method::DELETE, _) => verbs::delete(&world, &path, &bytes, is_rehearsal),
        _ => Err(Refused {
            code: 405,
            reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource".to_owned(),
        }),
    };
    match done {
        Ok((status, object)) => json_answer(
            StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            &object,
        ),
        Err(why) => refused(&why),
    }
}

/// Tells what happens to a kind, line by line, until the client leaves.
fn watch(world: Arc<World>, path: Path, query: &HashMap<String, String>) -> Response<Body> {
    let version = query
        .get("resourceVersion")
        .and_then(|version| version.parse().ok())
        .unwrap_or(0);
    let news = world.news();
    let start = (world, news, version, path);
    let lines = futures::stream::unfold(Some(start), |state| async move {
        let (world, mut news, version, path) = state?;
        loop {
            let Some(happened) = world.since(path.kind, version) else {
                let gone = json!({"type": "ERROR", "object": {"kind": "Status", "metadata": {}, "code": 410, "message": "too old resource version"}});
                return Some((line(&gone), None));
            };
            if let Some(last) = happened.last() {
                let version = last.version;
                let text: String = happened
                    .iter()
                    .filter(|one| path.namespace.is_empty() || one.key.1 == path.namespace)
                    .map(|one| line(&json!({"type": one.what, "object": one.object})))
                    .collect();
                return Some((text, Some((world, news, version, path))));
            }
            // The sender lives as long as the world, which this keeps.
            news.changed().await.ok()?;
        }
    });
    let body = Body::from_stream(lines.map(|text| Ok::<_, Infallible>(Bytes::from(text))));
    Response::new(body)
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(value.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    answer
}

fn text_answer(text: String) -> Response<Body> {
    Response::new(Body::from(text))
}

fn refused(why: &Refused) -> Response<Body> {
    let status = StatusCode::from_u16(why.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": why.message, "reason": why.reason, "code": why.code,
    });
    json_answer(status, &body)
}

fn query(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            (
                name.to_owned(),
                value.replace("%3D", "=").replace("%2C", ","),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_reads_writes_and_watches() {
        let demo = super::super::Demo::still().unwrap();
        let client = demo.client();
        let get = |path: &str| Request::get(path).body(Vec::new()).unwrap();
        let pods: Value = client.request(get("/api/v1/pods")).await.unwrap();
        assert_eq!(pods["kind"], "PodList");
        assert_eq!(pods["items"].as_array().unwrap().len(), 6);
        let missing = client
            .request::<Value>(get("/api/v1/namespaces/default/pods/none"))
            .await;
        assert!(matches!(missing, Err(kube::Error::Api(status)) if status.code == 404));
        let patch = Request::patch("/api/v1/nodes/node-worker-1")
            .header("Content-Type", "application/merge-patch+json")
            .body(br#"{"spec":{"unschedulable":true}}"#.to_vec())
            .unwrap();
        let node: Value = client.request(patch).await.unwrap();
        assert_eq!(node["spec"]["unschedulable"], true);
        let stale = json!({"metadata": {"name": "node-worker-1", "resourceVersion": "1"}});
        let put = Request::put("/api/v1/nodes/node-worker-1")
            .body(stale.to_string().into_bytes())
            .unwrap();
        let refused = client.request::<Value>(put).await;
        assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 409));
    }
}
