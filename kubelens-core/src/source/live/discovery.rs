//! Which kinds the server serves, and in which version.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::api::{Api, Failure};
use super::custom_kinds;
use super::target::Target;
use crate::kubernetes::Kind;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What the server says that it serves.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Versions by group and plural, preferred first; none where the server would not say.
    resources: Option<BTreeMap<(String, String), Vec<String>>>,
    /// The kinds without a type of their own, in the order in which they are worth reading.
    customs: Vec<Target>,
}

impl Served {
    /// Asks the server. A server that only lists its groups, or does not let the user see, serves what it serves:
    /// each kind is then asked for, and 404 is the answer.
    pub(super) async fn ask(api: &Api, patience: Duration) -> Result<Self, Failure> {
        let answer = match api.get_bytes("/apis", AGGREGATED, patience).await {
            Ok(answer) => answer,
            Err(Failure::Status(status, _)) if matches!(status.as_u16(), 403 | 404 | 406) => {
                return Ok(Self::default());
            }
            Err(failure) => return Err(failure),
        };
        let Ok(groups) = serde_json::from_slice::<GroupList>(&answer.bytes) else {
            return Ok(Self::default());
        };
        if !groups.kind.starts_with("APIGroupDiscoveryList") {
            return Ok(Self::default());
        }
        let mut resources: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        let mut customs = Vec::new();
        for group in groups.items {
            for version in group.versions {
                for resource in version.resources {
                    let key = (group.metadata.name.clone(), resource.resource.clone());
                    let versions = resources.entry(key).or_default();
                    if versions.is_empty() {
                        customs.extend(custom_target(
                            &group.metadata.name,
                            &version.version,
                            &resource,
                        ));
                    }
                    versions.push(version.version.clone());
                }
            }
        }
        customs.sort_by(|a, b| custom_kinds::order(a).cmp(&custom_kinds::order(b)));
        Ok(Self {
            resources: Some(resources),
            customs,
        })
    }

    /// How to list the kind; none if the server does not serve it.
    pub(super) fn target(&self, kind: Kind) -> Option<Target> {
        let mut target = Target::of(kind);
        if kind.group().is_empty() {
            return Some(target);
        }
        let Some(resources) = &self.resources else {
            return Some(target);
        };
        let versions = resources.get(&(kind.group().to_owned(), kind.plural().to_owned()))?;
        if !versions.iter().any(|version| version == kind.version()) {
            target.api_version = format!("{}/{}", kind.group(), versions.first()?);
        }
        Some(target)
    }

    /// The kinds without a type of their own that are served and worth reading, best first.
    pub(super) fn custom_targets(&self) -> &[Target] {
        &self.customs
    }

    /// Whether the server said which kinds it serves.
    pub(super) const fn is_told(&self) -> bool {
        self.resources.is_some()
    }
}

/// How to list a kind that has no type of its own; none if it is not worth it or cannot be listed.
fn custom_target(group: &str, version: &str, resource: &Resource) -> Option<Target> {
    let kind = resource.response_kind.kind.as_str();
    let api_version = format!("{group}/{version}");
    let is_read = custom_kinds::is_read(group, kind)
        && Kind::from_manifest(&api_version, kind).is_none()
        && resource.verbs.iter().any(|verb| verb == "list");
    is_read.then(|| Target {
        kind: None,
        name: kind.to_owned(),
        api_version,
        plural: resource.resource.clone(),
        is_namespaced: resource.scope == "Namespaced",
        is_metadata_only: false,
    })
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct GroupList {
    kind: String,
    items: Vec<Group>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Group {
    metadata: Name,
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Name {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Version {
    version: String,
    resources: Vec<Resource>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    resource: String,
    response_kind: ResponseKind,
    scope: String,
    verbs: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}
