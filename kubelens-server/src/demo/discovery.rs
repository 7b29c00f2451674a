//! What the simulated server says that it serves.

use std::collections::BTreeMap;

use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};

/// The answer to `/version`.
pub(super) fn version() -> Value {
    json!({"major": "1", "minor": "28", "gitVersion": "v1.28.2-kubelens-demo"})
}

/// The answer to `/apis`, in the aggregated form.
pub(super) fn groups() -> Value {
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<Value>>> = BTreeMap::new();
    for kind in Kind::ALL.iter().copied() {
        let Some((group, version)) = kind.api_version().split_once('/') else {
            continue;
        };
        let scope = if kind.is_namespaced() {
            "Namespaced"
        } else {
            "Cluster"
        };
        let resource = json!({
            "resource": kind.plural(),
            "responseKind": {"group": group, "version": version, "kind": kind.as_str()},
            "scope": scope,
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        });
        groups
            .entry(group)
            .or_default()
            .entry(version)
            .or_default()
            .push(resource);
    }
    let items: Vec<Value> = groups
        .into_iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .into_iter()
                .map(|(version, resources)| json!({"version": version, "resources": resources}))
                .collect();
            json!({"metadata": {"name": group}, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
}
