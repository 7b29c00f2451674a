//! Making, deleting and restarting pods.

use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};

use super::scale::version;
use crate::api::error::{ApiError, Code};
use crate::api::models::ActionResult;
use crate::door::{Door, Place};
use crate::live::Cluster;

/// Makes a pod of one container.
pub async fn create_pod(
    door: &Door,
    namespace: &str,
    name: &str,
    image: &str,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    let place = Place::new(Kind::Pod, namespace, name)?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "kubelens"}},
        "spec": {"containers": [{"name": "main", "image": image}]},
    });
    let made = door.create(&place, &pod, is_rehearsal).await?;
    let mut result = ActionResult::done(format!("Created {place}"));
    result.dry_run = is_rehearsal.then_some(true);
    result.resource_version = version(&made);
    Ok(result)
}

/// Deletes a pod, with its own grace period or this one.
pub async fn delete_pod(
    door: &Door,
    namespace: &str,
    name: &str,
    grace: Option<i64>,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    let place = Place::new(Kind::Pod, namespace, name)?;
    let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
    if let (Some(grace), Some(fields)) = (grace, options.as_object_mut()) {
        fields.insert("gracePeriodSeconds".to_owned(), json!(grace));
    }
    door.delete(&place, &options, is_rehearsal).await?;
    let mut result = ActionResult::done(format!("Deleted {place}"));
    result.dry_run = is_rehearsal.then_some(true);
    Ok(result)
}

/// What a bare pod loses when it is made again: what the cluster wrote into it.
const WRITTEN_BY_CLUSTER: [&str; 7] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// Deletes a pod so that its controller makes it anew; one that nothing owns is made again only if that is wanted.
pub async fn restart_pod(
    cluster: &Cluster,
    door: &Door,
    namespace: &str,
    name: &str,
    recreate: bool,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    let place = Place::new(Kind::Pod, namespace, name)?;
    let pod = door.get(&place).await?;
    let mut result = ActionResult::done(format!("Restarted {place}"));
    result.dry_run = is_rehearsal.then_some(true);
    if let Some(demo) = cluster.demo() {
        if !is_rehearsal && !demo.world.restart_pod(namespace, name) {
            return Err(ApiError::not_found(format!("{place} is gone")));
        }
        return Ok(result);
    }
    let owners = pod
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    let is_owned = owners.is_some_and(|owners| {
        owners
            .iter()
            .any(|owner| owner.get("controller") == Some(&json!(true)))
    });
    if !is_owned && !recreate {
        return Err(ApiError::new(
            Code::UnownedPod,
            format!(
                "nothing would make {place} again: ?recreate=true makes it anew from its own spec"
            ),
        ));
    }
    let uid = pod
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let options =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}});
    door.delete(&place, &options, is_rehearsal).await?;
    if !is_owned && !is_rehearsal {
        made_again(door, &place, pod).await?;
        result.message = format!("Deleted {place} and made it again");
    }
    Ok(result)
}

/// Makes a pod again once the old one is gone.
async fn made_again(door: &Door, place: &Place, mut pod: Value) -> Result<(), ApiError> {
    if let Some(fields) = pod.as_object_mut() {
        fields.remove("status");
    }
    if let Some(meta) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.retain(|name, _| !WRITTEN_BY_CLUSTER.contains(&name.as_str()));
    }
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("nodeName");
    }
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(12);
    loop {
        match door.create(place, &pod, false).await {
            Err(error)
                if error.code == Code::AlreadyExists && tokio::time::Instant::now() < deadline =>
            {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            Err(error) if error.code == Code::AlreadyExists => {
                let why = format!("{place} was deleted and is still ending: it was not made again");
                return Err(ApiError::new(Code::Timeout, why));
            }
            other => return other.map(drop),
        }
    }
}
