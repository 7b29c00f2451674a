use std::collections::BTreeMap;

use jiff::Timestamp;
use kubelens_core::kubernetes::{Pod, PodMetrics};
use kubelens_core::snapshot::Snapshot;
use serde::Serialize;

use super::pod_words::{ready, reason, restarts, status};
use crate::api::text::{UNKNOWN, age, cpu, memory};

/// A pod in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodItem {
    /// Its uid.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The node that it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    /// `Running`, `Pending`, `Failed`, `Succeeded`, `Unknown` or `Terminating`.
    pub status: String,
    /// `12m`, or `N/A` where it was not measured.
    pub cpu: String,
    /// `45Mi`, or `N/A` where it was not measured.
    pub memory: String,
    /// `just now`, `5m`, `3h`, `12d` or `N/A`.
    pub age: String,
    /// Restarts of its containers.
    pub restarts: i64,
    /// Why it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Containers that are ready: `1/2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// What controls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerItem>,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What controls an object.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct OwnerItem {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A pod as it stands in lists.
pub fn pod_of(pod: &Pod, snapshot: &Snapshot, now: Timestamp) -> PodItem {
    let meta = &pod.metadata;
    let sample = snapshot
        .table::<PodMetrics>()
        .get(&meta.namespace, &meta.name);
    let used = |resource: &str| {
        sample
            .filter(|sample| !sample.containers.is_empty())
            .map(|sample| sample.used_in_all(resource))
    };
    PodItem {
        id: meta.uid.to_string(),
        name: meta.name.to_string(),
        namespace: meta.namespace.to_string(),
        node_name: pod.node_name.non_empty().map(str::to_owned),
        status: status(pod).to_owned(),
        cpu: used("cpu").map_or_else(|| UNKNOWN.to_owned(), cpu),
        memory: used("memory").map_or_else(|| UNKNOWN.to_owned(), memory),
        age: age(meta.creation_timestamp, now),
        restarts: restarts(pod),
        reason: reason(pod),
        ready: Some(ready(pod)),
        owner: meta.controller().map(|owner| OwnerItem {
            kind: owner.kind.to_string(),
            name: owner.name.to_string(),
        }),
        labels: meta
            .labels
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
    }
}
