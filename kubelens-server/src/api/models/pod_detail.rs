//! A pod with everything in it, from the whole object as the cluster has it.

use serde::Serialize;
use serde_json::{Value, json};

use super::PodItem;
use crate::door::masked::is_secret_name;

/// A pod with its containers.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodDetail<'p> {
    /// What lists say of it.
    #[serde(flatten)]
    pub pod: PodItem<'p>,
    /// `{name, image, env, volumeMounts, resources, state, lastState, restarts, ready}` each.
    pub containers: Vec<Value>,
    /// The same for init containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<Value>,
    /// `{name}` each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Value>,
    /// The node's address.
    #[serde(rename = "hostIP", skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
    /// Its own address.
    #[serde(rename = "podIP", skip_serializing_if = "Option::is_none")]
    pub pod_ip: Option<String>,
    /// Its conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Value>,
}

/// The detail of a pod, of which `object` is the whole.
pub fn pod_detail<'p>(pod: PodItem<'p>, object: &Value) -> PodDetail<'p> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    PodDetail {
        pod,
        containers: containers(object, "containers", "containerStatuses"),
        init_containers: containers(object, "initContainers", "initContainerStatuses"),
        volumes: list(object, "/spec/volumes")
            .iter()
            .map(|volume| json!({"name": volume.get("name")}))
            .collect(),
        host_ip: text("/status/hostIP"),
        pod_ip: text("/status/podIP"),
        conditions: list(object, "/status/conditions").to_vec(),
    }
}

fn list<'v>(object: &'v Value, pointer: &str) -> &'v [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn containers(object: &Value, specs: &str, statuses: &str) -> Vec<Value> {
    let statuses = list(object, &format!("/status/{statuses}"));
    list(object, &format!("/spec/{specs}"))
        .iter()
        .map(|spec| {
            let status = statuses
                .iter()
                .find(|status| status.get("name") == spec.get("name"));
            let mut one = serde_json::Map::new();
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value.filter(|value| !value.is_null()) {
                    one.insert(name.to_owned(), value);
                }
            };
            put("name", spec.get("name").cloned());
            put("image", spec.get("image").cloned());
            let env: Vec<Value> = list(spec, "/env").iter().map(variable).collect();
            put("env", (!env.is_empty()).then_some(Value::Array(env)));
            let mounts: Vec<Value> = list(spec, "/volumeMounts")
                .iter()
                .map(
                    |mount| json!({"name": mount.get("name"), "mountPath": mount.get("mountPath")}),
                )
                .collect();
            put(
                "volumeMounts",
                (!mounts.is_empty()).then_some(Value::Array(mounts)),
            );
            put("resources", spec.get("resources").cloned());
            put(
                "state",
                status.and_then(|status| status.get("state")).cloned(),
            );
            put(
                "lastState",
                status.and_then(|status| status.get("lastState")).cloned(),
            );
            put(
                "restarts",
                status
                    .and_then(|status| status.get("restartCount"))
                    .cloned(),
            );
            put(
                "ready",
                status.and_then(|status| status.get("ready")).cloned(),
            );
            Value::Object(one)
        })
        .collect()
}

/// A variable: values that come from a Secret, or are called like one, are not shown.
fn variable(variable: &Value) -> Value {
    let name = variable
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut told = json!({"name": name});
    let is_secret = variable.pointer("/valueFrom/secretKeyRef").is_some();
    let value = match variable.get("value").and_then(Value::as_str) {
        Some(value) if !is_secret_name(name) => Some(kubelens_core::model::safe_text(value)),
        Some(_) => Some("***".to_owned()),
        None if is_secret => Some("***".to_owned()),
        None => None,
    };
    if let (Some(value), Some(fields)) = (value, told.as_object_mut()) {
        fields.insert("value".to_owned(), json!(value));
    }
    told
}
