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
pub struct PodItem<'p> {
    /// Its uid.
    pub id: &'p str,
    /// Its name.
    pub name: &'p str,
    /// Its namespace.
    pub namespace: &'p str,
    /// The node that it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_name: Option<&'p str>,
    /// `Running`, `Pending`, `Failed`, `Succeeded`, `Unknown` or `Terminating`.
    pub status: &'p str,
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
    pub owner: Option<OwnerItem<'p>>,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<&'p str, &'p str>,
}

/// What controls an object.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct OwnerItem<'p> {
    /// Its kind.
    pub kind: &'p str,
    /// Its name.
    pub name: &'p str,
}

/// A pod as it stands in lists.
pub fn pod_of<'p>(pod: &'p Pod, snapshot: &Snapshot, now: Timestamp) -> PodItem<'p> {
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
        id: &meta.uid,
        name: &meta.name,
        namespace: &meta.namespace,
        node_name: pod.node_name.non_empty(),
        status: status(pod),
        cpu: used("cpu").map_or_else(|| UNKNOWN.to_owned(), cpu),
        memory: used("memory").map_or_else(|| UNKNOWN.to_owned(), memory),
        age: age(meta.creation_timestamp, now),
        restarts: restarts(pod),
        reason: reason(pod),
        ready: Some(ready(pod)),
        owner: meta.controller().map(|owner| OwnerItem {
            kind: &owner.kind,
            name: &owner.name,
        }),
        labels: meta
            .labels
            .iter()
            .map(|(key, value)| (&**key, &**value))
            .collect(),
    }
}
