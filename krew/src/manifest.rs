//! As much of krew's plugin manifest as is checked.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `krew.googlecontainertools.github.com/v1alpha2`, kind Plugin. A field that krew does not know is
/// an error, as it is for krew.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Plugin {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) homepage: String,
    pub(crate) short_description: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default, rename = "caveats")]
    pub(crate) _caveats: String,
    pub(crate) platforms: Vec<Platform>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Platform {
    pub(crate) selector: Selector,
    pub(crate) uri: String,
    pub(crate) sha256: String,
    #[serde(default)]
    pub(crate) files: Vec<Move>,
    pub(crate) bin: String,
}

/// Only `matchLabels`: what needs expressions could overlap unseen.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Selector {
    pub(crate) match_labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    pub(crate) from: String,
    pub(crate) to: String,
}
