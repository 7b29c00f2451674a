//! What goes on for longer than a request.

use axum::Json;
use axum::extract::{Path, State};

use crate::actions::{Act, Operation};
use crate::api::error::ApiError;
use crate::server::AppState;
use crate::who::{Identity, Role};

/// All operations, newest first.
#[utoipa::path(get, path = "/api/operations", tag = "actions", responses((status = 200, body = Vec<Operation>)))]
pub async fn list(State(state): State<AppState>, who: Identity) -> Json<Vec<Operation>> {
    Json(state.operations.list(only_by(&state, &who)))
}

/// Where people have rights of their own, an operation tells of objects that others may not see: it is for who began
/// it, and for admins.
fn only_by<'w>(state: &AppState, who: &'w Identity) -> Option<&'w str> {
    let is_limited = state.clusters.iter().any(|cluster| cluster.impersonates());
    (is_limited && who.role < Role::Admin).then_some(who.name.as_str())
}

/// One operation.
#[utoipa::path(get, path = "/api/operations/{id}", tag = "actions", params(("id" = String, Path)),
    responses((status = 200, body = Operation)))]
pub async fn one(
    State(state): State<AppState>,
    who: Identity,
    Path(id): Path<String>,
) -> Result<Json<Operation>, ApiError> {
    let found = state.operations.find(&id, only_by(&state, &who))?;
    Ok(Json(found.seen()))
}

/// Asks an operation to end.
#[utoipa::path(post, path = "/api/operations/{id}/cancel", tag = "actions", params(("id" = String, Path)),
    responses((status = 200, body = Operation)))]
pub async fn cancel(act: Act, Path(id): Path<String>) -> Result<Json<Operation>, ApiError> {
    let by = only_by(&act.state, &act.who);
    let running = act.state.operations.find(&id, by)?;
    let cancelled = act
        .perform("operation.cancel", Role::Operator, &id, async |_| {
            running.cancel()
        })
        .await?;
    Ok(Json(cancelled))
}
