//! What is broken.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use kubelens_core::comparison::{Interlude, compare};
use kubelens_core::model::{Report, Severity};
use serde::Deserialize;
use serde_json::Value;

use crate::api::Chosen;
use crate::api::body::{parsed, read};
use crate::api::caching::Asked;
use crate::api::error::ApiError;
use crate::api::models::Diagnostics;
use crate::api::paging::with_labels;
use crate::api::query::{Query, words};
use crate::live::Picture;
use crate::server::AppState;

/// Which part of the report.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Only causes that concern these namespaces, with commas.
    pub namespace: Option<String>,
    /// `critical`, `warning` or `info`: only causes that are as bad.
    pub min_severity: Option<String>,
    /// Only causes of these codes, with commas.
    pub code: Option<String>,
    /// Only the cause of this id.
    pub cause: Option<String>,
    /// Only causes that concern an object with these labels: `app=web,tier!=cache`.
    pub selector: Option<String>,
}

impl ReportQuery {
    fn is_everything(&self) -> bool {
        [
            &self.namespace,
            &self.min_severity,
            &self.code,
            &self.cause,
            &self.selector,
        ]
        .into_iter()
        .all(Option::is_none)
    }

    fn narrowed(&self, picture: &Picture) -> Result<Report, ApiError> {
        let words = |text: &Option<String>| -> Vec<String> {
            words(text.as_deref()).map(str::to_owned).collect()
        };
        let (namespaces, codes) = (words(&self.namespace), words(&self.code));
        let least = match self.min_severity.as_deref() {
            None | Some("" | "info") => Severity::Info,
            Some("warning") => Severity::Warning,
            Some("critical") => Severity::Critical,
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "minSeverity is critical, warning or info, not {other:?}"
                )));
            }
        };
        let selected = match self.selector.as_deref().unwrap_or_default() {
            "" => None,
            selector => Some(with_labels(&picture.snapshot, selector)?),
        };
        let mut report = (*picture.report).clone();
        report.causes.retain(|cause| {
            if let Some(selected) = &selected
                && !selected.iter().any(|object| cause.concerns(object))
            {
                return false;
            }
            let is_in = |place: &Option<String>| {
                place
                    .as_ref()
                    .is_some_and(|place| namespaces.contains(place))
            };
            let concerns = namespaces.is_empty()
                || is_in(&cause.subject.namespace)
                || cause.affected.iter().any(|one| is_in(&one.namespace));
            concerns
                && cause.severity >= least
                && (codes.is_empty() || codes.contains(&cause.code))
                && self.cause.as_ref().is_none_or(|wanted| *wanted == cause.id)
        });
        let kept: Vec<&str> = report
            .causes
            .iter()
            .map(|cause| cause.id.as_str())
            .collect();
        report
            .findings
            .retain(|finding| kept.contains(&finding.cause_id.as_str()));
        let count = |severity| {
            report
                .causes
                .iter()
                .filter(|cause| cause.severity == severity)
                .count()
        };
        report.summary.critical = count(Severity::Critical);
        report.summary.warning = count(Severity::Warning);
        report.summary.info = count(Severity::Info);
        report.summary.causes = report.causes.len();
        if !namespaces.is_empty() {
            report.scope.namespaces = namespaces;
        }
        Ok(report)
    }
}

/// The whole report, as the command line prints it for the same picture; or a part of it.
#[utoipa::path(get, path = "/api/report", tag = "insight", params(ReportQuery),
    responses((status = 200, description = "A Report; its schema is at /api/report/schema", body = Value)))]
pub async fn report(
    chosen: Chosen,
    asked: Asked,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    if query.is_everything() {
        return asked.answer_bytes(&chosen, &picture, |_| Ok(picture.report_json.clone()));
    }
    asked.answer(&chosen, &picture, |_| query.narrowed(&picture))
}

/// The JSON Schema of the report.
#[utoipa::path(get, path = "/api/report/schema", tag = "insight", responses((status = 200, body = Value)))]
pub async fn schema() -> Json<Value> {
    Json(schemars::schema_for!(Report).to_value())
}

/// Which namespace.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DiagnosticsQuery {
    /// Only causes that concern it.
    pub namespace: Option<String>,
}

/// The diagnosis in the flat shape that older clients know.
#[utoipa::path(get, path = "/api/diagnostics", tag = "insight", params(DiagnosticsQuery),
    responses((status = 200, body = Diagnostics)))]
pub async fn diagnostics(
    chosen: Chosen,
    asked: Asked,
    Query(query): Query<DiagnosticsQuery>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    asked.answer(&chosen, &picture, |_| {
        Ok(Diagnostics::of(
            &picture.report,
            query.namespace.as_deref().filter(|name| !name.is_empty()),
        ))
    })
}

/// Longest report that is compared with.
pub const LONGEST_BASE: usize = 32 * 1024 * 1024;

/// The report to compare with.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffRequest {
    /// An older report of the same cluster.
    #[schema(value_type = Value)]
    pub base: Report,
}

/// What differs between an older report and now: causes by id.
#[utoipa::path(post, path = "/api/report/diff", tag = "insight", request_body = DiffRequest,
    responses((status = 200, description = "`{new[], gone[], changed[]}`", body = Value)))]
pub async fn diff(
    State(state): State<AppState>,
    chosen: Chosen,
    request: Request,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let bytes = read(request, LONGEST_BASE).await?;
    let request: DiffRequest = parsed(&bytes, &state)?;
    let full = compare(&request.base, &picture.report, Interlude::default());
    let older: Vec<&str> = request
        .base
        .causes
        .iter()
        .map(|cause| cause.id.as_str())
        .collect();
    let newer: Vec<&str> = picture
        .report
        .causes
        .iter()
        .map(|cause| cause.id.as_str())
        .collect();
    let new: Vec<_> = picture
        .report
        .causes
        .iter()
        .filter(|cause| !older.contains(&cause.id.as_str()))
        .collect();
    let gone: Vec<_> = request
        .base
        .causes
        .iter()
        .filter(|cause| !newer.contains(&cause.id.as_str()))
        .collect();
    let changed = picture.report.causes.iter().filter(|cause| {
        let known = request
            .base
            .causes
            .iter()
            .find(|known| known.id == cause.id);
        known.is_some_and(|known| {
            known.severity != cause.severity
                || known.title != cause.title
                || known.affected != cause.affected
        })
    });
    let body = serde_json::json!({
        "new": new, "gone": gone, "changed": changed.collect::<Vec<_>>(), "summary": full.summary, "notes": full.notes,
    });
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], body.to_string()).into_response())
}
