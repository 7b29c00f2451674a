//! Every kind that an API server serves, as it says itself.

use std::sync::Arc;
use std::time::Duration;

use kubelens_core::kubernetes::Kind;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Door, Resource, kinds};
use crate::api::error::{ApiError, Code};

/// How long what an API server serves is taken for the same.
const KEPT_FOR: Duration = Duration::from_mins(1);

/// Asked for in one answer: Kubernetes 1.27 and later.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What one cluster serves, asked for when it is needed.
#[derive(Debug, Default)]
pub struct Catalogue {
    known: Mutex<Option<(Instant, Arc<Vec<Resource>>)>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Groups {
    items: Vec<Group>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group {
    metadata: Metadata,
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Version {
    version: String,
    resources: Vec<Served>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Served {
    resource: String,
    response_kind: ResponseKind,
    scope: String,
    singular_resource: String,
    short_names: Vec<String>,
    verbs: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

impl Groups {
    /// Kinds that can be read, the preferred version of each group first.
    fn resources(self) -> Vec<Resource> {
        let mut all: Vec<Resource> = Vec::new();
        for group in self.items {
            let group_name = group.metadata.name;
            for version in group.versions {
                let api_version = if group_name.is_empty() {
                    version.version
                } else {
                    format!("{group_name}/{}", version.version)
                };
                for served in version.resources {
                    let is_known = all
                        .iter()
                        .any(|one| one.plural == served.resource && one.group() == group_name);
                    if is_known || !served.verbs.iter().any(|verb| verb == "get") {
                        continue;
                    }
                    let mut names = served.short_names;
                    names.push(served.singular_resource);
                    names.retain(|name| !name.is_empty());
                    all.push(Resource {
                        typed: Kind::from_manifest(&api_version, &served.response_kind.kind),
                        kind: served.response_kind.kind,
                        api_version: api_version.clone(),
                        plural: served.resource,
                        is_namespaced: served.scope != "Cluster",
                        names,
                    });
                }
            }
        }
        all
    }
}

impl Catalogue {
    async fn resources(&self, door: &Door) -> Result<Arc<Vec<Resource>>, ApiError> {
        let mut known = self.known.lock().await;
        if let Some((at, resources)) = &*known
            && at.elapsed() < KEPT_FOR
        {
            return Ok(Arc::clone(resources));
        }
        let mut all = Vec::new();
        for path in ["/api", "/apis"] {
            let answer = match door.read(path, AGGREGATED).await {
                Ok(answer) => answer,
                // One that serves no kinds there, or tells this caller of none.
                Err(why) if matches!(why.code, Code::NotFound | Code::ClusterForbidden) => continue,
                Err(why) => return Err(why),
            };
            let groups: Groups = serde_json::from_value(answer).unwrap_or_default();
            all.extend(groups.resources());
        }
        let all = Arc::new(all);
        *known = Some((Instant::now(), Arc::clone(&all)));
        Ok(all)
    }

    /// The kind of this name: one that has a type here, else whatever the API server serves.
    pub async fn find(&self, door: &Door, word: &str) -> Result<Resource, ApiError> {
        if let Some(kind) = kinds::kind(word) {
            return Ok(kind.into());
        }
        let all = self.resources(door).await?;
        all.iter().find(|one| one.is_called(word)).cloned().ok_or_else(|| {
            ApiError::bad_request(format!(
                "no kind is called {word:?}; plurals work, such as deployments, with their group where it is needed"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_read_from_what_the_api_server_says() {
        let answer = json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "cert-manager.io"}, "versions": [
            {"version": "v1", "resources": [
                {"resource": "certificates", "responseKind": {"kind": "Certificate"}, "scope": "Namespaced",
                    "singularResource": "certificate", "shortNames": ["cert", "certs"], "verbs": ["get", "list"]},
                {"resource": "clusterissuers", "responseKind": {"kind": "ClusterIssuer"}, "scope": "Cluster", "verbs": ["get"]},
                {"resource": "reviews", "responseKind": {"kind": "Review"}, "scope": "Cluster", "verbs": ["create"]}]},
            {"version": "v1alpha1", "resources": [
                {"resource": "certificates", "responseKind": {"kind": "Certificate"}, "scope": "Namespaced", "verbs": ["get"]}]}]}]});
        let all = serde_json::from_value::<Groups>(answer)
            .unwrap()
            .resources();
        let names: Vec<_> = all
            .iter()
            .map(|one| {
                (
                    one.plural.as_str(),
                    one.api_version.as_str(),
                    one.is_namespaced,
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("certificates", "cert-manager.io/v1", true),
                ("clusterissuers", "cert-manager.io/v1", false)
            ]
        );
        for word in [
            "certificates",
            "Certificate",
            "cert",
            "certificates.cert-manager.io",
            "certs.cert-manager.io",
        ] {
            assert!(all[0].is_called(word), "{word}");
        }
        for word in ["certificates.example.com", "cer", "clusterissuers"] {
            assert!(!all[0].is_called(word), "{word}");
        }
    }
}
