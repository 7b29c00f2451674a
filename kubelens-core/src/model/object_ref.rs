use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API version of KubeLens' own documents and pseudo-objects.
pub const KUBELENS_API_VERSION: &str = "kubelens.dev/v1alpha1";

/// Names one object, existing or missing.
///
/// Where no Kubernetes object is to blame, a pseudo-object of [`KUBELENS_API_VERSION`] and kind
/// `Cluster`, `Zone`, `Registry` or `Host` stands in.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Group and version, as in a manifest: `v1`, `apps/v1`.
    pub api_version: String,
    /// The kind: `Pod`, `Deployment`.
    pub kind: String,
    /// The namespace; null for what is cluster-scoped.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The uid; null for what does not exist.
    pub uid: Option<String>,
}

impl ObjectRef {
    /// A namespaced object whose uid is not known.
    pub fn namespaced(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            name: name.to_owned(),
            uid: None,
        }
    }

    /// A cluster-scoped object whose uid is not known.
    pub fn cluster_scoped(api_version: &str, kind: &str, name: &str) -> Self {
        Self::namespaced(api_version, kind, "", name)
    }

    /// A pseudo-object of kind `Cluster`, `Zone`, `Registry` or `Host`.
    pub fn pseudo(kind: &str, name: &str) -> Self {
        Self::cluster_scoped(KUBELENS_API_VERSION, kind, name)
    }

    /// Whether both name the same thing, whatever is known of uid and API version.
    pub fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name && self.namespace == other.namespace
    }

    /// The key under which the same thing is found again: kind, namespace, name.
    pub fn key(&self) -> (String, String, String) {
        (
            self.kind.clone(),
            self.namespace.clone().unwrap_or_default(),
            self.name.clone(),
        )
    }

    /// `namespace/name`, or the name alone.
    pub fn path(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl std::fmt::Display for ObjectRef {
    /// `Deployment shop/web`, `Node worker-1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.path())
    }
}
