//! Pods, changed.

use axum::Json;
use axum::extract::Path;
use serde::Deserialize;

use crate::actions::{Act, create_pod, delete_pod, restart_pod};
use crate::api::body::{Body, Ignored, is_true};
use crate::api::error::ApiError;
use crate::api::models::ActionResult;
use crate::api::query::Query;
use crate::who::Role;

/// A pod to make.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewPod {
    /// Its namespace; `default` without it.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its image; `nginx:latest` without it.
    pub image: String,
}

fn or<'t>(text: &'t str, default: &'t str) -> &'t str {
    if text.trim().is_empty() {
        default
    } else {
        text.trim()
    }
}

/// Makes a pod.
#[utoipa::path(post, path = "/api/pods", tag = "actions", request_body = NewPod,
    responses((status = 200, body = ActionResult)))]
pub async fn create(act: Act, Body(pod): Body<NewPod>) -> Result<Json<ActionResult>, ApiError> {
    let name = pod.name.trim();
    if name.is_empty() {
        return Err(ApiError::bad_request("name is missing"));
    }
    let namespace = or(&pod.namespace, "default");
    let image = or(&pod.image, "nginx:latest");
    let is_rehearsal = act.is_rehearsal;
    let done = act.perform(
        "pod.create",
        Role::Operator,
        format!("Pod {namespace}/{name}"),
        async |door| create_pod(&door, namespace, name, image, is_rehearsal).await,
    );
    done.await.map(Json)
}

/// How a pod is restarted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct RestartQuery {
    /// Whether a pod that nothing owns is made again.
    pub recreate: Option<String>,
}

/// Restarts a pod: its controller makes it anew.
#[utoipa::path(post, path = "/api/pods/{namespace}/{name}/restart", tag = "actions",
    params(("namespace" = String, Path), ("name" = String, Path), RestartQuery),
    responses((status = 200, body = ActionResult)))]
pub async fn restart(
    act: Act,
    Path((namespace, name)): Path<(String, String)>,
    Query(query): Query<RestartQuery>,
    _: Ignored,
) -> Result<Json<ActionResult>, ApiError> {
    let recreate = query.recreate.as_deref().is_some_and(is_true);
    let is_rehearsal = act.is_rehearsal;
    let done = act.perform(
        "pod.restart",
        Role::Operator,
        format!("Pod {namespace}/{name}"),
        async |door| {
            restart_pod(
                &act.cluster,
                &door,
                &namespace,
                &name,
                recreate,
                is_rehearsal,
            )
            .await
        },
    );
    done.await.map(Json)
}

/// How a pod is deleted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// How long it gets to end; 0 is for an admin with a reason.
    pub grace_period_seconds: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Deletes a pod.
#[utoipa::path(delete, path = "/api/pods/{namespace}/{name}", tag = "actions",
    params(("namespace" = String, Path), ("name" = String, Path), DeleteQuery),
    responses((status = 200, body = ActionResult)))]
pub async fn delete(
    act: Act,
    Path((namespace, name)): Path<(String, String)>,
    Query(query): Query<DeleteQuery>,
) -> Result<Json<ActionResult>, ApiError> {
    let grace = match query.grace_period_seconds.as_deref() {
        None | Some("") => None,
        Some(text) => match text.parse::<i64>() {
            Ok(seconds @ 0..=86_400) => Some(seconds),
            _ => {
                return Err(ApiError::bad_request(
                    "gracePeriodSeconds is a number from 0 to 86400",
                ));
            }
        },
    };
    let reason = query.reason.as_deref().unwrap_or_default().trim();
    let needed = if grace == Some(0) {
        Role::Admin
    } else {
        Role::Operator
    };
    if grace == Some(0) && reason.is_empty() {
        return Err(ApiError::bad_request("gracePeriodSeconds=0 needs a reason"));
    }
    let act = act.because(reason);
    let is_rehearsal = act.is_rehearsal;
    let done = act.perform(
        "pod.delete",
        needed,
        format!("Pod {namespace}/{name}"),
        async |door| delete_pod(&door, &namespace, &name, grace, is_rehearsal).await,
    );
    done.await.map(Json)
}
