//! A server over a simulated cluster, asked in one process. Every JSON answer has to fit its description.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use kubelens_server::access::Provider;
use kubelens_server::api::routes::openapi::DOCUMENT;
use kubelens_server::demo::Demo;
use kubelens_server::live::{Cluster, Clusters, Origin};
use kubelens_server::who::{Identity, Role};
use kubelens_server::{AppState, Options, app};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// A running server.
pub(crate) struct Server {
    pub(crate) state: AppState,
    router: Router,
    _followers: JoinSet<()>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Who asks in a test.
pub(crate) fn somebody(role: Role) -> Identity {
    Identity {
        name: format!("test-{}", role.word()),
        role,
        provider: Provider::Local,
        subject: role.word().to_owned(),
        groups: Vec::new(),
    }
}

impl Server {
    /// A server that may change things, over the demo standing still; the first picture is there.
    pub(crate) async fn start() -> Self {
        Self::with(Options {
            writes_enabled: true,
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let cluster = Cluster::new("default", Origin::Demo(Demo::still().unwrap()));
        Self::over(Clusters::new(cluster, Vec::new()), options).await
    }

    pub(crate) async fn over(clusters: Clusters, options: Options) -> Self {
        Self::of(AppState::new(clusters, options)).await
    }

    pub(crate) async fn of(state: AppState) -> Self {
        let followers = state.follow();
        let mut pictures = state.clusters.first().pictures();
        let first = pictures.wait_for(Option::is_some);
        tokio::time::timeout(Duration::from_secs(30), first)
            .await
            .expect("a picture in time")
            .unwrap();
        Self {
            router: app(state.clone()),
            state,
            _followers: followers,
        }
    }

    /// Waits for a picture that shows this.
    pub(crate) async fn until(
        &self,
        what: &str,
        shows: impl Fn(&kubelens_server::live::Picture) -> bool,
    ) {
        let mut pictures = self.state.clusters.first().pictures();
        let seen =
            pictures.wait_for(|picture| picture.as_ref().is_some_and(|picture| shows(picture)));
        tokio::time::timeout(Duration::from_secs(30), seen)
            .await
            .unwrap_or_else(|_| panic!("never saw {what}"))
            .unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            bytes: to_bytes(body, 64 << 20).await.unwrap().to_vec(),
        };
        Self::fits(&method, uri.path(), &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// A GET that has to succeed, as JSON.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn act(&self, role: Role, method: Method, path: &str, body: Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from(body.to_string()))
            .unwrap();
        request.extensions_mut().insert(somebody(role));
        self.send(request).await
    }

    /// An action of an operator that has to succeed, as JSON.
    pub(crate) async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.act(Role::Operator, method, path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// The description's path that a path fits.
    fn template(path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let paths = DOCUMENT["paths"].as_object().unwrap();
        // Of several the one with the fewest variables.
        let fitting = paths.keys().filter(|template| {
            let known: Vec<&str> = template.split('/').collect();
            known.len() == parts.len()
                && known
                    .iter()
                    .zip(&parts)
                    .all(|(known, part)| known == part || known.starts_with('{'))
        });
        fitting
            .min_by_key(|template| template.matches('{').count())
            .cloned()
    }

    fn fits(method: &Method, path: &str, answer: &Answer) {
        let is_json = answer
            .header("content-type")
            .starts_with("application/json");
        if answer.bytes.is_empty() || !is_json || answer.headers.contains_key("content-encoding") {
            return;
        }
        let operation = Self::template(path)
            .map(|template| DOCUMENT["paths"][template][method.as_str().to_lowercase()].clone());
        let operation_is_missing = operation.is_none();
        let responses = operation
            .map(|operation| operation["responses"].clone())
            .unwrap_or_default();
        let response = match &responses[answer.status.as_str()] {
            Value::Null => &responses["default"],
            known => known,
        };
        assert!(
            !(operation_is_missing && answer.status.is_success()),
            "{method} {path} has no description"
        );
        let mut schema = match &response["content"]["application/json"]["schema"] {
            // A route of later, or none at all: an error all the same.
            Value::Null => json!({"$ref": "#/components/schemas/ErrorBody"}),
            schema => schema.clone(),
        };
        schema["components"] = DOCUMENT["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let body = answer.json();
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{} at {}", error, error.instance_path))
            .collect();
        assert!(
            errors.is_empty(),
            "{method} {path} {}: {errors:#?}\n{body:#}",
            answer.status
        );
    }
}
