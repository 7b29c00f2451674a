use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};

use super::scale::version;
use crate::api::error::ApiError;
use crate::api::models::ActionResult;
use crate::door::{Door, Patch, Place};

/// Keeps new pods away from a node, or lets them there again.
pub async fn cordon(
    door: &Door,
    node: &str,
    on: bool,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    let place = Place::new(Kind::Node, "", node)?;
    let known = door.get(&place).await?;
    let is_on = known
        .pointer("/spec/unschedulable")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let word = if on { "cordoned" } else { "uncordoned" };
    if is_on == on {
        let mut result = ActionResult::done(format!("Node {node} is {word} already"));
        result.resource_version = version(&known);
        return Ok(result);
    }
    let change = json!({"spec": {"unschedulable": if on { json!(true) } else { Value::Null }}});
    let object = door
        .patch(&place, Patch::Merge, &change, is_rehearsal)
        .await?;
    let mut result = ActionResult::done(format!("Node {node} {word}"));
    result.dry_run = is_rehearsal.then_some(true);
    result.resource_version = version(&object);
    Ok(result)
}
