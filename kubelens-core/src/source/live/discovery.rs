//! Which kinds the server serves, and in which version.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::api::{Api, Failure};
use super::custom_kinds::{self, MOST_KINDS};
use super::target::Target;
use crate::kubernetes::{GroupKind, Kind};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What the server says that it serves.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Versions by group and plural, preferred first; none where the server would not say.
    resources: Option<BTreeMap<(String, String), Vec<String>>>,
    /// The kinds without a type of their own, in the order in which they are worth reading.
    customs: Vec<Target>,
    /// How to list each kind, in the preferred version of its group.
    kinds: BTreeMap<GroupKind, Target>,
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
        let mut kinds: BTreeMap<GroupKind, Target> = BTreeMap::new();
        for group in groups.items {
            for version in group.versions {
                for resource in version.resources {
                    let target = resource.target(&group.metadata.name, &version.version);
                    let key = (group.metadata.name.clone(), resource.resource.clone());
                    let versions = resources.entry(key).or_default();
                    if versions.is_empty() && is_worth_it(&target, &resource) {
                        customs.push(target.clone());
                    }
                    versions.push(version.version.clone());
                    kinds
                        .entry(GroupKind::of(&target.api_version, &target.name))
                        .or_insert(target);
                }
            }
        }
        customs.sort_by(|a, b| custom_kinds::order(a).cmp(&custom_kinds::order(b)));
        Ok(Self {
            resources: Some(resources),
            customs,
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

    /// The kinds without a type of their own that are read: what is worth it, best first, and what rules look at.
    pub(super) fn custom_targets(&self, wanted: &BTreeSet<GroupKind>) -> Customs<'_> {
        let (best, left) = self.customs.split_at(self.customs.len().min(MOST_KINDS));
        let mut read = best.to_vec();
        let wanted = wanted.iter().filter(|kind| kind.typed().is_none());
        for target in wanted.filter_map(|kind| self.kinds.get(kind)) {
            if !read
                .iter()
                .any(|known| known.path(None) == target.path(None))
            {
                read.push(target.clone());
            }
        }
        Customs {
            all: self.customs.len(),
            left: left
                .iter()
                .filter(|target| !read.contains(target))
                .collect(),
            read,
        }
    }

    /// Whether the server said which kinds it serves.
    pub(super) const fn is_told(&self) -> bool {
        self.resources.is_some()
    }
}

/// Kinds without a type of their own.
#[derive(Debug)]
pub(super) struct Customs<'a> {
    /// Those that are read.
    pub(super) read: Vec<Target>,
    /// Those that are one too many.
    pub(super) left: Vec<&'a Target>,
    /// How many are worth reading.
    pub(super) all: usize,
}

/// Whether a kind has no type of its own, is worth reading, and can be listed.
fn is_worth_it(target: &Target, resource: &Resource) -> bool {
    custom_kinds::is_read(target.group(), &target.name)
        && Kind::from_manifest(&target.api_version, &target.name).is_none()
        && resource.verbs.iter().any(|verb| verb == "list")
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
