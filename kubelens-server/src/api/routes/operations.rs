//! What goes on for longer than a request.

use axum::Json;
use axum::extract::{Path, State};

use crate::actions::{Act, Operation};
use crate::api::error::ApiError;
use crate::server::AppState;
use crate::who::Role;

/// All operations, newest first.
#[utoipa::path(get, path = "/api/operations", tag = "actions", responses((status = 200, body = Vec<Operation>)))]
pub async fn list(State(state): State<AppState>) -> Json<Vec<Operation>> {
    Json(state.operations.list())
}

/// One operation.
#[utoipa::path(get, path = "/api/operations/{id}", tag = "actions", params(("id" = String, Path)),
    responses((status = 200, body = Operation)))]
pub async fn one(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Operation>, ApiError> {
    Ok(Json(state.operations.find(&id)?.seen()))
}

/// Asks an operation to end.
#[utoipa::path(post, path = "/api/operations/{id}/cancel", tag = "actions", params(("id" = String, Path)),
    responses((status = 200, body = Operation)))]
pub async fn cancel(act: Act, Path(id): Path<String>) -> Result<Json<Operation>, ApiError> {
    let running = act.state.operations.find(&id)?;
    let cancelled = act
        .perform("operation.cancel", Role::Operator, &id, async |_| {
            running.cancel()
        })
        .await?;
    Ok(Json(cancelled))
}
