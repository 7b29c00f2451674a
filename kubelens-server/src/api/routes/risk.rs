//! What could go wrong with a manifest.

use axum::Json;
use serde::Deserialize;

use crate::actions::risk::{RiskReport, analyze};
use crate::api::Chosen;
use crate::api::body::Body;
use crate::api::error::ApiError;

/// The manifest to judge.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RiskRequest {
    /// YAML, one document or more.
    pub manifest: String,
}

/// Judges a manifest.
#[utoipa::path(post, path = "/api/risk-guard/analyze", tag = "insight", request_body = RiskRequest,
    responses((status = 200, body = RiskReport)))]
pub async fn judge(
    chosen: Chosen,
    Body(request): Body<RiskRequest>,
) -> Result<Json<RiskReport>, ApiError> {
    if request.manifest.trim().is_empty() {
        return Err(ApiError::bad_request("manifest is empty"));
    }
    let picture = chosen.picture()?;
    Ok(Json(analyze(&request.manifest, &picture.snapshot)))
}
