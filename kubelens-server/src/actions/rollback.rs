//! Going back to what a workload was before, and what it was.

use jiff::Timestamp;
use kubelens_core::kubernetes::Kind;
use serde::Serialize;
use serde_json::{Value, json};

use super::scale::version;
use crate::api::error::{ApiError, Code};
use crate::api::models::ActionResult;
use crate::api::text::age;
use crate::door::{Door, Patch, Place};

const REVISION: &str = "deployment.kubernetes.io/revision";

/// What a workload was, or is.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its number.
    pub revision: i64,
    /// How long ago it was made.
    pub age: String,
    /// The images of its containers.
    pub image: Vec<String>,
    /// Why it was made, if somebody wrote that down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_cause: Option<String>,
    /// Whether it is what runs.
    pub current: bool,
    #[serde(skip)]
    template: Value,
}

fn text<'v>(object: &'v Value, path: &[&str]) -> &'v str {
    let found = path
        .iter()
        .try_fold(object, |value, field| value.get(field));
    found.and_then(Value::as_str).unwrap_or_default()
}

fn is_owned(object: &Value, uid: &str) -> bool {
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    owners.is_some_and(|owners| {
        owners.iter().any(|owner| {
            text(owner, &["uid"]) == uid && owner.get("controller") == Some(&json!(true))
        })
    })
}

/// All revisions of a workload, newest first.
pub async fn history(door: &Door, place: &Place) -> Result<Vec<Revision>, ApiError> {
    let workload = door.get(place).await?;
    revisions(door, place, &workload).await
}

async fn revisions(
    door: &Door,
    place: &Place,
    workload: &Value,
) -> Result<Vec<Revision>, ApiError> {
    let uid = text(workload, &["metadata", "uid"]);
    let kind = match place.typed() {
        Some(Kind::Deployment) => Kind::ReplicaSet,
        Some(Kind::StatefulSet | Kind::DaemonSet) => Kind::ControllerRevision,
        _ => {
            return Err(ApiError::bad_request(format!(
                "a {} has no revisions",
                place.resource.kind
            )));
        }
    };
    let mut all: Vec<Revision> = door
        .list(kind, &place.namespace, "")
        .await?
        .iter()
        .filter(|one| is_owned(one, uid))
        .filter_map(|one| {
            let (revision, template) = if kind == Kind::ReplicaSet {
                let number = text(one, &["metadata", "annotations", REVISION])
                    .parse()
                    .ok()?;
                (number, one.pointer("/spec/template")?.clone())
            } else {
                (
                    one.get("revision")?.as_i64()?,
                    one.pointer("/data/spec/template")?.clone(),
                )
            };
            let containers = template
                .pointer("/spec/containers")
                .and_then(Value::as_array);
            let images = containers
                .into_iter()
                .flatten()
                .map(|container| text(container, &["image"]).to_owned());
            let created = text(one, &["metadata", "creationTimestamp"]).parse().ok();
            let cause = text(
                one,
                &["metadata", "annotations", "kubernetes.io/change-cause"],
            );
            Some(Revision {
                revision,
                age: age(created, Timestamp::now()),
                image: images.collect(),
                change_cause: (!cause.is_empty()).then(|| kubelens_core::model::safe_text(cause)),
                current: false,
                template,
            })
        })
        .collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.revision));
    if let Some(newest) = all.first_mut() {
        newest.current = true;
    }
    Ok(all)
}

/// Goes back to a revision; to the one before the current where none is named.
pub async fn rollback(
    door: &Door,
    place: &Place,
    wanted: Option<i64>,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    let workload = door.get(place).await?;
    if workload.pointer("/spec/paused") == Some(&json!(true)) {
        return Err(ApiError::new(
            Code::WrongState,
            format!("{place} is paused: kubectl rollout resume comes before a rollback"),
        ));
    }
    let all = revisions(door, place, &workload).await?;
    let target = match wanted.filter(|revision| *revision != 0) {
        Some(number) => all
            .iter()
            .find(|one| one.revision == number)
            .ok_or_else(|| {
                ApiError::new(
                    Code::NoRevision,
                    format!("{place} has no revision {number}"),
                )
            })?,
        None => all.iter().find(|one| !one.current).ok_or_else(|| {
            ApiError::new(
                Code::NoRevision,
                format!("{place} has no revision before the current one"),
            )
        })?,
    };
    let mut template = target.template.clone();
    if let Some(fields) = template.as_object_mut() {
        // The mark of a strategic merge: the whole is replaced.
        fields.remove("$patch");
    }
    if let Some(labels) = template
        .pointer_mut("/metadata/labels")
        .and_then(Value::as_object_mut)
    {
        labels.remove("pod-template-hash");
    }
    let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    let object = door.patch(place, Patch::Json, &patch, is_rehearsal).await?;
    let mut result = ActionResult::done(format!(
        "Rolled back {place} to revision {}",
        target.revision
    ));
    result.dry_run = is_rehearsal.then_some(true);
    result.resource_version = version(&object);
    Ok(result)
}
