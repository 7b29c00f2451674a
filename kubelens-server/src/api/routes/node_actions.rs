//! Nodes, changed.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use kubelens_core::kubernetes::Kind;
use serde::Deserialize;
use serde_json::json;

use crate::actions::{Act, DrainOrder, cordon, drain, preview};
use crate::api::Chosen;
use crate::api::body::{Body, Ignored, is_true};
use crate::api::error::{ApiError, Code};
use crate::api::models::ActionResult;
use crate::api::query::Query;
use crate::api::routes::resources::readable;
use crate::who::Role;

/// Keeps new pods away from a node.
#[utoipa::path(post, path = "/api/nodes/{name}/cordon", tag = "actions", params(("name" = String, Path)),
    responses((status = 200, body = ActionResult)))]
pub async fn cordoned(
    act: Act,
    Path(name): Path<String>,
    _: Ignored,
) -> Result<Json<ActionResult>, ApiError> {
    set(&act, "node.cordon", &name, true).await
}

/// Lets new pods on a node again.
#[utoipa::path(post, path = "/api/nodes/{name}/uncordon", tag = "actions", params(("name" = String, Path)),
    responses((status = 200, body = ActionResult)))]
pub async fn uncordoned(
    act: Act,
    Path(name): Path<String>,
    _: Ignored,
) -> Result<Json<ActionResult>, ApiError> {
    set(&act, "node.uncordon", &name, false).await
}

async fn set(
    act: &Act,
    action: &'static str,
    name: &str,
    is_cordoned: bool,
) -> Result<Json<ActionResult>, ApiError> {
    let target = format!("Node {name}");
    let done = act.perform(action, Role::Operator, target, async |door| {
        cordon(&door, name, is_cordoned, act.is_rehearsal).await
    });
    done.await.map(Json)
}

/// How a node is drained.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct DrainRequest {
    /// Whether blockers are overridden; for an admin, with a reason.
    pub force: bool,
    /// Why.
    pub reason: String,
    /// How long it may take: 10 to 3600.
    pub timeout_seconds: u64,
    /// How long the answer waits for the end: 0 to 15.
    pub wait_seconds: u64,
    /// Whether pods may lose what their `emptyDir` holds.
    pub delete_empty_dir_data: bool,
    /// Whether the node is uncordoned again when it fails.
    pub uncordon_on_failure: bool,
}

impl Default for DrainRequest {
    fn default() -> Self {
        Self {
            force: false,
            reason: String::new(),
            timeout_seconds: 600,
            wait_seconds: 15,
            delete_empty_dir_data: false,
            uncordon_on_failure: true,
        }
    }
}

/// The same in the query.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DrainQuery {
    /// Whether blockers are overridden.
    pub force: Option<String>,
}

/// Longest reason that is kept.
const LONGEST_REASON: usize = 240;

/// Empties a node within the budgets: 200 when it is done in time, else 202 with an operation to look at.
#[utoipa::path(post, path = "/api/nodes/{name}/drain", tag = "actions", params(("name" = String, Path), DrainQuery),
    request_body = DrainRequest, responses((status = 200, body = ActionResult), (status = 202, body = ActionResult)))]
pub async fn drained(
    act: Act,
    chosen: Chosen,
    Path(name): Path<String>,
    Query(query): Query<DrainQuery>,
    Body(request): Body<DrainRequest>,
) -> Result<Response, ApiError> {
    let force = request.force || query.force.as_deref().is_some_and(is_true);
    let reason: String = request.reason.trim().chars().take(LONGEST_REASON).collect();
    let needed = if force { Role::Admin } else { Role::Operator };
    let act = act.because(&reason);
    let is_rehearsal = act.is_rehearsal;
    let order = DrainOrder {
        force,
        delete_empty_dir: request.delete_empty_dir_data,
        timeout: Duration::from_secs(request.timeout_seconds.clamp(10, 3600)),
        uncordon_on_failure: request.uncordon_on_failure,
    };
    let begun = act.perform("node.drain", needed, format!("Node {name}"), async |door| {
        if force && reason.is_empty() {
            return Err(ApiError::bad_request("force needs a reason"));
        }
        let picture = chosen.picture()?;
        // Budgets and pods have to be known in full: nothing is evicted on a guess.
        readable(&picture, Kind::Pod)?;
        readable(&picture, Kind::PodDisruptionBudget)?;
        let plan = preview(&picture.snapshot, &name, order.delete_empty_dir)?;
        if !plan.safe_to_drain && !order.force {
            return Err(ApiError::new(
                Code::DrainBlocked,
                format!(
                    "{} blockers stand in the way of draining {name}",
                    plan.blockers.len()
                ),
            )
            .details(json!({"blockers": plan.blockers})));
        }
        if is_rehearsal {
            return Ok((plan.evictable.len(), None));
        }
        let count = plan.evictable.len();
        let running = act.state.operations.begin(
            "node.drain",
            &act.cluster.name,
            &name,
            &act.who.name,
            count,
        );
        drop(tokio::spawn(drain(door, plan, order, Arc::clone(&running))));
        Ok((count, Some(running)))
    });
    let (count, running) = begun.await?;
    let Some(running) = running else {
        let mut result = ActionResult::done(format!("Draining {name} would evict {count} pods"));
        result.dry_run = Some(true);
        return Ok(Json(result).into_response());
    };
    let wait = Duration::from_secs(request.wait_seconds.min(15));
    let is_over = tokio::time::timeout(wait, running.ended()).await.is_ok();
    let seen = running.seen();
    let mut result = ActionResult::done(format!("Drained {name}: {count} pods evicted"));
    result.operation_id = Some(seen.id.clone());
    if !is_over {
        result.message = format!(
            "Draining {name}: {} of {count} pods are gone",
            seen.progress.done
        );
        return Ok((StatusCode::ACCEPTED, Json(result)).into_response());
    }
    match seen.error {
        None => Ok(Json(result).into_response()),
        Some(why) => Err(
            ApiError::new(Code::WrongState, format!("draining {name} failed: {why}"))
                .details(json!({"operationId": seen.id})),
        ),
    }
}
