//! Which kinds the server serves, and in which version.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::api::{Api, Failure};
use super::target::Target;
use crate::kubernetes::{GroupKind, Kind};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What the server says that it serves.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Versions by group and plural, preferred first; none where the server would not say.
    resources: Option<BTreeMap<(String, String), Vec<String>>>,
    /// How to list each kind, in the preferred version of its group.
    kinds: BTreeMap<GroupKind, Target>,
}

/// The kinds of the Gateway API that are read, without a type of their own.
const GATEWAY: &[(&str, &str, bool)] = &[
    ("GatewayClass", "gatewayclasses", false),
    ("Gateway", "gateways", true),
    ("HTTPRoute", "httproutes", true),
    ("GRPCRoute", "grpcroutes", true),
    ("TLSRoute", "tlsroutes", true),
    ("TCPRoute", "tcproutes", true),
    ("ReferenceGrant", "referencegrants", true),
];

const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";

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
        let mut kinds: BTreeMap<GroupKind, Target> = BTreeMap::new();
        for group in groups.items {
            for version in group.versions {
                for resource in version.resources {
                    let target = resource.target(&group.metadata.name, &version.version);
                    kinds
                        .entry(GroupKind::of(&target.api_version, &target.name))
                        .or_insert(target);
                    resources
                        .entry((group.metadata.name.clone(), resource.resource))
                        .or_default()
                        .push(version.version.clone());
                }
            }
        }
        Ok(Self {
            resources: Some(resources),
            kinds,
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

    /// Whether the server said what it serves.
    pub(super) const fn is_known(&self) -> bool {
        self.resources.is_some()
    }

    /// How to list those of these kinds that have no type of their own and are served.
    pub(super) fn targets_of<'a>(
        &'a self,
        kinds: impl IntoIterator<Item = &'a GroupKind>,
    ) -> impl Iterator<Item = &'a Target> {
        kinds
            .into_iter()
            .filter(|kind| kind.typed().is_none())
            .filter_map(|kind| self.kinds.get(kind))
    }

    /// The kinds without a type of their own that are served and read.
    pub(super) fn custom_targets(&self) -> Vec<Target> {
        let served = self.resources.as_ref();
        let targets = GATEWAY.iter().filter_map(|(kind, plural, is_namespaced)| {
            let versions = served?.get(&(GATEWAY_GROUP.to_owned(), (*plural).to_owned()))?;
            Some(Target {
                kind: None,
                name: (*kind).to_owned(),
                api_version: format!("{GATEWAY_GROUP}/{}", versions.first()?),
                plural: (*plural).to_owned(),
                is_namespaced: *is_namespaced,
                is_metadata_only: false,
            })
        });
        targets.collect()
    }
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
#[serde(default)]
struct Resource {
    resource: String,
    #[serde(rename = "responseKind")]
    response_kind: ResponseKind,
    scope: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

impl Resource {
    fn target(&self, group: &str, version: &str) -> Target {
        Target {
            kind: None,
            name: self.response_kind.kind.clone(),
            api_version: format!("{group}/{version}"),
            plural: self.resource.clone(),
            is_namespaced: self.scope != "Cluster",
            is_metadata_only: false,
        }
    }
}
