//! The door to one cluster's API server: whole objects as JSON, read and written one at a time.

pub mod catalogue;
pub mod kinds;
pub mod masked;
mod resource;
mod sent;

use std::time::Duration;

use http::Request;
use kube::Client;
use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};

pub use resource::Resource;
pub use sent::Sent;

use crate::api::error::{ApiError, Code};

/// The name under which fields are written.
pub const MANAGER: &str = "kubelens";

/// How long a call may take where nobody says.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// Names an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its kind.
    pub resource: Resource,
    /// Its namespace; empty for what is cluster-scoped.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.resource.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

impl Place {
    /// An object of a kind; `_` as a namespace is none.
    pub fn new(kind: impl Into<Resource>, namespace: &str, name: &str) -> Result<Self, ApiError> {
        let resource = kind.into();
        let is_name = |text: &str| {
            !text.is_empty()
                && text.len() <= 253
                && text != "."
                && text != ".."
                && text.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':')
                })
        };
        let namespace = if resource.is_namespaced {
            namespace
        } else {
            ""
        };
        if !is_name(name) || (resource.is_namespaced && !is_name(namespace)) {
            return Err(ApiError::bad_request(format!(
                "{namespace:?}, {name:?}: no names of Kubernetes objects"
            )));
        }
        Ok(Self {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Its kind, where that has a type here.
    pub const fn typed(&self) -> Option<Kind> {
        self.resource.typed
    }

    /// The path of its kind there.
    fn collection(&self) -> String {
        let version = &self.resource.api_version;
        let root = if version.contains('/') { "apis" } else { "api" };
        let plural = &self.resource.plural;
        if self.namespace.is_empty() {
            format!("/{root}/{version}/{plural}")
        } else {
            format!("/{root}/{version}/namespaces/{}/{plural}", self.namespace)
        }
    }

    fn path(&self) -> String {
        format!("{}/{}", self.collection(), self.name)
    }
}

/// How a write is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patch {
    /// RFC 7386.
    Merge,
    /// Lists are merged by the keys of their items.
    Strategic,
    /// RFC 6902.
    Json,
    /// Server-side apply; forced where fields of others may be taken.
    Apply {
        /// Whether fields that others own are taken.
        force: bool,
    },
}

/// One cluster's API server.
#[derive(Clone)]
pub struct Door {
    client: Client,
    patience: Duration,
    sent: Sent,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Door {
    /// The API server behind a client.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            patience: PATIENCE,
            sent: Sent::default(),
        }
    }

    /// The same, with so much time for a call.
    #[must_use]
    pub const fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same, telling when a change goes out that is no rehearsal.
    #[must_use]
    pub fn telling(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    /// Reads what is at a path.
    pub(super) async fn read(&self, path: &str, accept: &str) -> Result<Value, ApiError> {
        let request = Request::get(path).header(http::header::ACCEPT, accept);
        self.send(request.body(Vec::new())).await
    }

    /// Takes a connection to a pod over: a terminal, or a port. What opens it has to come in time.
    pub async fn connect(&self, path: &str) -> Result<kube::client::Connection, ApiError> {
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        match tokio::time::timeout(self.patience, self.client.connect(request)).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(late()),
        }
    }

    async fn send(
        &self,
        request: Result<Request<Vec<u8>>, http::Error>,
    ) -> Result<Value, ApiError> {
        let request = request.map_err(|error| ApiError::bad_request(error.to_string()))?;
        match tokio::time::timeout(self.patience, self.client.request::<Value>(request)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(late()),
        }
    }

    /// The same for what changes something, unless it is only tried.
    async fn change(
        &self,
        request: Result<Request<Vec<u8>>, http::Error>,
        is_rehearsal: bool,
    ) -> Result<Value, ApiError> {
        self.goes_out(is_rehearsal);
        self.send(request).await
    }

    /// Tells that something is sent that changes something, unless it is only tried.
    fn goes_out(&self, is_rehearsal: bool) {
        if !is_rehearsal {
            self.sent.set();
        }
    }

    /// Reads an object.
    pub async fn get(&self, place: &Place) -> Result<Value, ApiError> {
        self.send(Request::get(place.path()).body(Vec::new())).await
    }

    /// Reads the objects of a kind in a namespace that have these labels.
    pub async fn list(
        &self,
        kind: impl Into<Resource>,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let place = Place {
            resource: kind.into(),
            namespace: namespace.to_owned(),
            name: String::new(),
        };
        let labels = labels.replace('=', "%3D").replace(',', "%2C");
        let query = if labels.is_empty() {
            String::new()
        } else {
            format!("?labelSelector={labels}")
        };
        let mut list = self
            .send(Request::get(place.collection() + &query).body(Vec::new()))
            .await?;
        Ok(match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
    }

    /// Makes an object.
    pub async fn create(
        &self,
        place: &Place,
        object: &Value,
        is_rehearsal: bool,
    ) -> Result<Value, ApiError> {
        self.write("POST", &place.collection(), object, is_rehearsal)
            .await
    }

    /// Puts an object in the place of the one that has its version.
    pub async fn replace(
        &self,
        place: &Place,
        object: &Value,
        is_rehearsal: bool,
    ) -> Result<Value, ApiError> {
        self.write("PUT", &place.path(), object, is_rehearsal).await
    }

    async fn write(
        &self,
        method: &str,
        path: &str,
        object: &Value,
        is_rehearsal: bool,
    ) -> Result<Value, ApiError> {
        let path = format!("{path}?fieldManager={MANAGER}{}", rehearsal(is_rehearsal));
        let request = json_request(method, &path, "application/json", object);
        self.change(request, is_rehearsal).await
    }

    /// Changes an object.
    pub async fn patch(
        &self,
        place: &Place,
        how: Patch,
        change: &Value,
        is_rehearsal: bool,
    ) -> Result<Value, ApiError> {
        let (kind, force) = match how {
            Patch::Merge => ("application/merge-patch+json", ""),
            Patch::Strategic => ("application/strategic-merge-patch+json", ""),
            Patch::Json => ("application/json-patch+json", ""),
            // JSON is YAML.
            Patch::Apply { force: false } => ("application/apply-patch+yaml", ""),
            Patch::Apply { force: true } => ("application/apply-patch+yaml", "&force=true"),
        };
        let path = format!(
            "{}?fieldManager={MANAGER}{force}{}",
            place.path(),
            rehearsal(is_rehearsal)
        );
        self.change(json_request("PATCH", &path, kind, change), is_rehearsal)
            .await
    }

    /// Deletes an object, with these options.
    pub async fn delete(
        &self,
        place: &Place,
        options: &Value,
        is_rehearsal: bool,
    ) -> Result<Value, ApiError> {
        let query = if is_rehearsal { "?dryRun=All" } else { "" };
        let path = place.path() + query;
        let request = json_request("DELETE", &path, "application/json", options);
        self.change(request, is_rehearsal).await
    }

    /// Evicts a pod, as long as budgets allow it.
    pub async fn evict(
        &self,
        namespace: &str,
        name: &str,
        is_rehearsal: bool,
    ) -> Result<(), kube::Error> {
        let mut options = json!({});
        if is_rehearsal {
            options = json!({"dryRun": ["All"]});
        }
        let body = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": options,
        });
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction");
        let request = json_request("POST", &path, "application/json", &body)
            .map_err(kube::Error::HttpError)?;
        self.goes_out(is_rehearsal);
        self.client.request::<Value>(request).await.map(drop)
    }

    /// The log of a container: the answer as it comes.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        query: &str,
    ) -> Result<axum::body::Body, ApiError> {
        use futures::TryStreamExt as _;
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?{query}");
        let request = Request::get(path)
            .body(kube::client::Body::empty())
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let response = match tokio::time::timeout(self.patience, self.client.send(request)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(late()),
        };
        if response.status().is_success() {
            let stream = http_body_util::BodyStream::new(response.into_body())
                .try_filter_map(async |frame| Ok(frame.into_data().ok()));
            return Ok(axum::body::Body::from_stream(stream));
        }
        let status = response.status();
        let text = response
            .into_body()
            .collect_bytes()
            .await
            .unwrap_or_default();
        let parsed = serde_json::from_slice::<kube::core::Status>(&text).ok();
        let status = parsed.unwrap_or_else(|| kube::core::Status {
            code: status.as_u16(),
            message: String::from_utf8_lossy(&text).chars().take(300).collect(),
            ..kube::core::Status::default()
        });
        Err(ApiError::from(kube::Error::Api(Box::new(status))))
    }
}

fn late() -> ApiError {
    ApiError::new(Code::Timeout, "the cluster did not answer in time")
}

fn rehearsal(is_rehearsal: bool) -> &'static str {
    if is_rehearsal { "&dryRun=All" } else { "" }
}

fn json_request(
    method: &str,
    path: &str,
    kind: &str,
    body: &Value,
) -> Result<Request<Vec<u8>>, http::Error> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::CONTENT_TYPE, kind)
        .body(body.to_string().into_bytes())
}
