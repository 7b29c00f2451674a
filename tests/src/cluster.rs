//! A cluster's objects as JSON values, of any kind that the API server knows.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use http::{Method, Request};
use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::{Scope, pinned_kind};
use kube::{Client, Discovery};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::manifest::text_at;

/// Names an object. A namespace of "" is none.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Target {
    /// Group and version; `v1` when it is not said.
    #[serde(default = "core")]
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; when it is not said, the one that the reader has in mind.
    #[serde(default)]
    pub namespace: String,
    /// The name.
    #[serde(default)]
    pub name: String,
}

fn core() -> String {
    "v1".to_owned()
}

impl Target {
    /// What an object says about itself; `namespace` where it does not say one.
    pub fn of(object: &Value, namespace: &str) -> Self {
        let own = text_at(object, "/metadata/namespace");
        Self {
            api_version: text_at(object, "/apiVersion").to_owned(),
            kind: text_at(object, "/kind").to_owned(),
            namespace: if own.is_empty() { namespace } else { own }.to_owned(),
            name: text_at(object, "/metadata/name").to_owned(),
        }
    }
}

/// A kind as the API server serves it.
#[derive(Debug, Clone)]
struct Served {
    resource: ApiResource,
    namespaced: bool,
}

/// A connection to a cluster that remembers which kinds it has asked for. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    kinds: Arc<Mutex<HashMap<(String, String), Served>>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// The cluster that `client` talks to.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            kinds: Arc::default(),
        }
    }

    /// Server-side apply, as one field manager: what an earlier apply said and this one does not is removed.
    pub async fn apply(&self, object: &Value, namespace: &str) -> Result<()> {
        let target = Target::of(object, namespace);
        let path = self.path(&target).await?;
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(format!("{path}?fieldManager=kubelens-tests&force=true"))
            .header("content-type", "application/apply-patch+yaml");
        let answer: Result<Value, _> = self
            .client
            .request(request.body(serde_json::to_vec(object)?)?)
            .await;
        answer
            .with_context(|| format!("apply {target:?}"))
            .map(drop)
    }

    /// Creates an object; one that is there already is left as it is.
    pub async fn create(&self, object: &Value) -> Result<()> {
        let target = Target {
            name: String::new(),
            ..Target::of(object, "")
        };
        let path = self.path(&target).await?;
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(serde_json::to_vec(object)?)?;
        match self.client.request::<Value>(request).await {
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
            answer => answer
                .with_context(|| format!("create {target:?}"))
                .map(drop),
        }
    }

    /// Asks for the deletion of an object, and does not wait for it.
    pub async fn delete(&self, target: &Target) -> Result<()> {
        let request = Request::delete(self.path(target).await?)
            .header("content-type", "application/json")
            .body(Vec::new())?;
        let answer: Result<Value, _> = self.client.request(request).await;
        answer
            .with_context(|| format!("delete {target:?}"))
            .map(drop)
    }

    /// The object, or nothing when it does not exist.
    pub async fn get(&self, target: &Target) -> Result<Option<Value>> {
        match self
            .client
            .request::<Value>(Request::get(self.path(target).await?).body(Vec::new())?)
            .await
        {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error).with_context(|| format!("get {target:?}")),
        }
    }

    /// All objects of the kind, in the target's namespace if it has one, that carry `labels` (a selector, or "").
    pub async fn list(&self, target: &Target, labels: &str) -> Result<Vec<Value>> {
        let path = self
            .path(&Target {
                name: String::new(),
                ..target.clone()
            })
            .await?;
        let selector = labels.replace('=', "%3D").replace(',', "%2C");
        self.items(&format!("{path}?labelSelector={selector}"))
            .await
    }

    /// How many objects of the kind there are.
    pub async fn count(&self, target: &Target) -> Result<usize> {
        let path = format!("{}?limit=1", self.path(target).await?);
        let list: Value = self
            .client
            .request(Request::get(path).body(Vec::new())?)
            .await?;
        let here = list
            .get("items")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let further = list
            .pointer("/metadata/remainingItemCount")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        Ok(here + usize::try_from(further)?)
    }

    /// All objects of all kinds that can be listed, each with its `apiVersion` and `kind` and without
    /// `managedFields`. Events are taken once, as core/v1.
    pub async fn everything(&self) -> Result<Vec<Value>> {
        let discovery = Discovery::new(self.client.clone()).run().await?;
        let mut all = Vec::new();
        for group in discovery.groups_alphabetical() {
            for (resource, capabilities) in group.recommended_resources() {
                let twice = resource.kind == "Event" && !resource.group.is_empty();
                if twice || !capabilities.supports_operation("list") {
                    continue;
                }
                let items = self
                    .items(&format!("{}/{}", root(&resource), resource.plural))
                    .await;
                for mut object in items.with_context(|| format!("list {}", resource.plural))? {
                    if let Some(fields) = object.as_object_mut() {
                        fields.insert("apiVersion".to_owned(), json!(resource.api_version));
                        fields.insert("kind".to_owned(), json!(resource.kind));
                    }
                    if let Some(metadata) =
                        object.get_mut("metadata").and_then(Value::as_object_mut)
                    {
                        metadata.remove("managedFields");
                    }
                    all.push(object);
                }
            }
        }
        Ok(all)
    }

    /// What a container printed, in its current or its previous run; nothing if there is no log.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
    ) -> Result<Option<String>> {
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&previous={previous}"
        );
        match self
            .client
            .request_text(Request::get(path).body(Vec::new())?)
            .await
        {
            Ok(text) => Ok(Some(text)),
            Err(kube::Error::Api(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn items(&self, path: &str) -> Result<Vec<Value>> {
        let mut list: Value = self
            .client
            .request(Request::get(path).body(Vec::new())?)
            .await?;
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    async fn path(&self, target: &Target) -> Result<String> {
        let Served {
            resource,
            namespaced,
        } = self.served(target).await?;
        let mut path = root(&resource);
        if namespaced && !target.namespace.is_empty() {
            path = format!("{path}/namespaces/{}", target.namespace);
        }
        path = format!("{path}/{}", resource.plural);
        Ok(if target.name.is_empty() {
            path
        } else {
            format!("{path}/{}", target.name)
        })
    }

    async fn served(&self, target: &Target) -> Result<Served> {
        let key = (target.api_version.clone(), target.kind.clone());
        let mut kinds = self.kinds.lock().await;
        if let Some(served) = kinds.get(&key) {
            return Ok(served.clone());
        }
        let (group, version) = target
            .api_version
            .split_once('/')
            .unwrap_or(("", &target.api_version));
        let kind = GroupVersionKind::gvk(group, version, &target.kind);
        let (resource, capabilities) = pinned_kind(&self.client, &kind)
            .await
            .with_context(|| format!("find {key:?}"))?;
        let served = Served {
            resource,
            namespaced: capabilities.scope == Scope::Namespaced,
        };
        kinds.insert(key, served.clone());
        Ok(served)
    }
}

fn root(resource: &ApiResource) -> String {
    if resource.group.is_empty() {
        format!("/api/{}", resource.version)
    } else {
        format!("/apis/{}", resource.api_version)
    }
}
