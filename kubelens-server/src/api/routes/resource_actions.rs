//! Objects of any kind, changed.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::actions::risk::{HELD, RiskReport, analyze};
use crate::actions::{Act, Applied, Revision, apply, history, restart, rollback, scale};
use crate::api::Chosen;
use crate::api::body::{Body, Ignored, is_true};
use crate::api::error::ApiError;
use crate::api::models::ActionResult;
use crate::api::query::Query;
use crate::door::{Place, kinds};
use crate::who::Role;

pub(super) type Named = (String, String, String);

/// The object that a path names, of any kind that the cluster serves.
pub(super) async fn place(
    chosen: &Chosen,
    (kind, namespace, name): &Named,
) -> Result<Place, ApiError> {
    let resource = match kinds::kind(kind) {
        Some(kind) => kind.into(),
        None => chosen.cluster.catalogue.find(&chosen.door()?, kind).await?,
    };
    Place::new(resource, namespace, name)
}

/// How many replicas.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScaleRequest {
    /// From 0 to 10000.
    pub replicas: Option<i64>,
}

/// Brings a workload to so many replicas.
#[utoipa::path(post, path = "/api/resources/{kind}/{namespace}/{name}/scale", tag = "actions",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path)),
    request_body = ScaleRequest, responses((status = 200, body = ActionResult)))]
pub async fn scaled(
    act: Act,
    chosen: Chosen,
    Path(named): Path<Named>,
    Body(request): Body<ScaleRequest>,
) -> Result<Json<ActionResult>, ApiError> {
    let place = place(&chosen, &named).await?;
    let replicas = request
        .replicas
        .ok_or_else(|| ApiError::bad_request("replicas is missing"))?;
    let is_rehearsal = act.is_rehearsal;
    let done = act.perform("resource.scale", Role::Operator, &place, async |door| {
        let picture = chosen.picture()?;
        scale(&door, &picture, &place, replicas, is_rehearsal).await
    });
    done.await.map(Json)
}

/// Makes a workload's pods anew; of a Job makes another one.
#[utoipa::path(post, path = "/api/resources/{kind}/{namespace}/{name}/restart", tag = "actions",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = ActionResult)))]
pub async fn restarted(
    act: Act,
    chosen: Chosen,
    Path(named): Path<Named>,
    _: Ignored,
) -> Result<Json<ActionResult>, ApiError> {
    let place = place(&chosen, &named).await?;
    let is_rehearsal = act.is_rehearsal;
    let done = act.perform("resource.restart", Role::Operator, &place, async |door| {
        restart(&door, &place, is_rehearsal).await
    });
    done.await.map(Json)
}

/// Which revision.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RollbackRequest {
    /// Its number; the one before the current without it.
    pub revision: Option<i64>,
}

/// Goes back to what a workload was before.
#[utoipa::path(post, path = "/api/resources/{kind}/{namespace}/{name}/rollback", tag = "actions",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path)),
    request_body = RollbackRequest, responses((status = 200, body = ActionResult)))]
pub async fn rolled_back(
    act: Act,
    chosen: Chosen,
    Path(named): Path<Named>,
    Body(request): Body<RollbackRequest>,
) -> Result<Json<ActionResult>, ApiError> {
    let place = place(&chosen, &named).await?;
    let is_rehearsal = act.is_rehearsal;
    let done = act.perform("resource.rollback", Role::Operator, &place, async |door| {
        rollback(&door, &place, request.revision, is_rehearsal).await
    });
    done.await.map(Json)
}

/// What a workload was, newest first.
#[utoipa::path(get, path = "/api/resources/{kind}/{namespace}/{name}/history", tag = "inventory",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<Revision>)))]
pub async fn revisions(
    chosen: Chosen,
    Path(named): Path<Named>,
) -> Result<Json<Vec<Revision>>, ApiError> {
    let door = chosen.door()?;
    Ok(Json(history(&door, &place(&chosen, &named).await?).await?))
}

/// A manifest to put in place.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ApplyRequest {
    /// The YAML.
    pub yaml: String,
    /// The version that it was written for.
    pub resource_version: Option<String>,
}

/// How a manifest is put in place.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ApplyQuery {
    /// Whether its risk is accepted.
    pub force: Option<String>,
}

/// A manifest that waits for somebody to accept its risk.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// What to do.
    pub message: String,
    /// Always true.
    pub requires_force: bool,
    /// What could go wrong.
    pub report: RiskReport,
}

/// Puts a manifest in place; one that risks much is held until somebody forces it.
#[utoipa::path(put, path = "/api/resources/{kind}/{namespace}/{name}/yaml", tag = "actions",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path), ApplyQuery),
    request_body = ApplyRequest, responses((status = 200, body = ActionResult), (status = 202, body = Held)))]
pub async fn applied(
    act: Act,
    chosen: Chosen,
    headers: HeaderMap,
    Path(named): Path<Named>,
    Query(query): Query<ApplyQuery>,
    Body(request): Body<ApplyRequest>,
) -> Result<Response, ApiError> {
    let place = place(&chosen, &named).await?;
    let if_match = headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok());
    let version = if_match
        .map(|value| value.trim_matches('"').to_owned())
        .or_else(|| request.resource_version.clone());
    let force = query.force.as_deref().is_some_and(is_true);
    let is_rehearsal = act.is_rehearsal;
    let done = act.perform("resource.apply", Role::Operator, &place, async |door| {
        let manifest = Applied::read(&request.yaml, &place, version)?;
        let picture = chosen.picture()?;
        let report = analyze(&request.yaml, &picture.snapshot);
        if report.score >= HELD && !force && !is_rehearsal {
            return Ok(Err(report));
        }
        apply(&door, &place, &manifest, is_rehearsal).await.map(Ok)
    });
    Ok(match done.await? {
        Ok(result) => Json(result).into_response(),
        Err(report) => {
            let held = Held {
                message: format!(
                    "risk {} ({}): apply it with force=true, or mend it first",
                    report.score, report.level
                ),
                requires_force: true,
                report,
            };
            (StatusCode::ACCEPTED, Json(held)).into_response()
        }
    })
}

/// A manifest to compare.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CompareRequest {
    /// The YAML.
    pub yaml: String,
}

/// What a manifest would change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Compared {
    /// Whether it would change anything.
    pub changed: bool,
    /// What, as a unified diff.
    pub diff: String,
    /// What to know besides.
    pub warnings: Vec<String>,
    /// What could go wrong.
    pub risk: RiskReport,
}

/// What a manifest would change, by a dry run on the server.
#[utoipa::path(post, path = "/api/resources/{kind}/{namespace}/{name}/diff", tag = "inventory",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path)),
    request_body = CompareRequest, responses((status = 200, body = Compared)))]
pub async fn compared(
    chosen: Chosen,
    Path(named): Path<Named>,
    Body(request): Body<CompareRequest>,
) -> Result<Json<Compared>, ApiError> {
    let place = place(&chosen, &named).await?;
    let manifest = Applied::read(&request.yaml, &place, None)?;
    let picture = chosen.picture()?;
    let door = chosen.door()?;
    let result = apply(&door, &place, &manifest, true).await?;
    let diff = result.diff.unwrap_or_default();
    Ok(Json(Compared {
        changed: !diff.is_empty(),
        diff,
        warnings: result.warnings,
        risk: analyze(&request.yaml, &picture.snapshot),
    }))
}
