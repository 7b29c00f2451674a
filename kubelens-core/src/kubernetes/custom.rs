use serde::{Deserialize, Serialize};

use super::ObjectMeta;

/// An object of a kind that has no type here: metadata, and the rest as it came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CustomObject {
    pub api_version: super::Text,
    pub kind: super::Text,
    pub metadata: ObjectMeta,
    pub spec: serde_json::Value,
    pub status: serde_json::Value,
}
