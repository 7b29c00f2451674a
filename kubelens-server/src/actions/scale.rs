use kubelens_core::kubernetes::{HorizontalPodAutoscaler, Kind};
use serde_json::{Value, json};

use crate::api::error::ApiError;
use crate::api::models::ActionResult;
use crate::door::{Door, Patch, Place};
use crate::live::Picture;

/// Most replicas that are asked for in one go.
const MOST: i64 = 10_000;

/// Brings a workload to so many replicas; a Job to so many pods at a time.
pub async fn scale(
    door: &Door,
    picture: &Picture,
    place: &Place,
    replicas: i64,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    if !(0..=MOST).contains(&replicas) {
        return Err(ApiError::bad_request(format!(
            "replicas is between 0 and {MOST}, not {replicas}"
        )));
    }
    let change = match place.typed() {
        Some(
            Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet | Kind::ReplicationController,
        ) => {
            json!({"spec": {"replicas": replicas}})
        }
        Some(Kind::Job) => json!({"spec": {"parallelism": replicas}}),
        _ => {
            return Err(ApiError::bad_request(format!(
                "a {} cannot be scaled",
                place.resource.kind
            )));
        }
    };
    let object = door
        .patch(place, Patch::Merge, &change, is_rehearsal)
        .await?;
    let mut result = ActionResult::done(format!("Scaled to {replicas} replicas"));
    result.dry_run = is_rehearsal.then_some(true);
    result.resource_version = version(&object);
    let autoscalers = picture.snapshot.table::<HorizontalPodAutoscaler>();
    let owner = autoscalers.in_namespace(&place.namespace).find(|one| {
        *one.spec.scale_target_ref.kind == *place.resource.kind
            && one.spec.scale_target_ref.name == *place.name
    });
    if let Some(owner) = owner {
        result.warnings.push(format!(
            "HorizontalPodAutoscaler {} sets the replicas of {place}: it will change them again",
            owner.metadata.name
        ));
    }
    Ok(result)
}

/// The version of an object.
pub(super) fn version(object: &Value) -> Option<String> {
    object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
        .map(str::to_owned)
}
