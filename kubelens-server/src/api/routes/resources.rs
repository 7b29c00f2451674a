//! Objects of any kind: lists, whole objects, YAML.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};
use kubelens_core::kubernetes::Kind;
use kubelens_core::model::{CoverageState, ObjectRef};
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::Chosen;
use crate::api::caching::Asked;
use crate::api::error::{ApiError, Code};
use crate::api::models::{EventItem, ResourceItem, ResourceList, Row, events_about, rows};
use crate::api::paging::{Facts, ListQuery, page};
use crate::api::query::Query;
use crate::api::text::instant;
use crate::door::masked::mask;
use crate::door::{Place, kinds};
use crate::live::Picture;

/// Whether a kind could be read at all: what could not is no empty list.
pub(crate) fn readable(picture: &Picture, kind: Kind) -> Result<(), ApiError> {
    let Some(gap) = picture.snapshot.gaps().everywhere(kind) else {
        return Ok(());
    };
    let plural = kind.plural();
    match gap.state {
        // Metrics that nobody measures are none.
        CoverageState::Absent if matches!(kind, Kind::NodeMetrics | Kind::PodMetrics) => Ok(()),
        CoverageState::Absent => Err(ApiError::not_found(format!(
            "the cluster serves no {plural}"
        ))),
        CoverageState::Forbidden => Err(ApiError::new(
            Code::ClusterForbidden,
            format!("{plural} may not be listed: {}", gap.detail),
        )),
        CoverageState::Partial if picture.snapshot.tables().count(kind) > 0 => Ok(()),
        CoverageState::Partial | CoverageState::Error => Err(ApiError::new(
            Code::ClusterUnavailable,
            format!("{plural} could not be read: {}", gap.detail),
        )
        .retry_after(30)),
    }
}

/// The objects of a kind, as rows.
#[utoipa::path(get, path = "/api/resources/{kind}", tag = "inventory", params(("kind" = String, Path), ListQuery),
    responses((status = 200, body = ResourceList)))]
pub async fn list(
    chosen: Chosen,
    asked: Asked,
    Path(kind): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let found = match kinds::kinds(&kind) {
        Some(found) => {
            // Of several kinds, those that can be read are shown; of one alone it is said why not.
            if let [only] = found.as_slice() {
                readable(&picture, *only)?;
            }
            rows(&picture, &found, picture.as_of)
        }
        None => custom(&picture, &kind)?,
    };
    let stale = chosen.cluster.stale_since();
    asked.answer(&chosen, &picture, |headers| {
        let page = page(&query, &picture, found.iter(), |row: &&Row| facts(row))?;
        page.tell(headers);
        Ok(ResourceList {
            kind,
            continue_: page.next,
            total: page.total,
            items: page
                .items
                .into_iter()
                .map(|row| row.item.clone())
                .collect::<Vec<ResourceItem>>(),
            stale: stale.is_some(),
            as_of: instant(stale.unwrap_or(picture.as_of)),
        })
    })
}

fn facts(row: &Row) -> Facts<'_> {
    Facts {
        name: &row.item.name,
        namespace: row.item.namespace.as_deref().unwrap_or_default(),
        status: row.item.status.clone(),
        created: row.created,
        restarts: row.restarts,
        labels: Some(&row.labels),
    }
}

/// Objects of a kind that has no type here, by what people call it.
fn custom(picture: &Picture, word: &str) -> Result<Vec<Row>, ApiError> {
    let word = word.to_lowercase();
    let (plural, group) = word.split_once('.').unwrap_or((&word, ""));
    let is_called = |kind: &str| {
        let kind = kind.to_lowercase();
        kind == plural || format!("{kind}s") == plural || format!("{kind}es") == plural || {
            kind.strip_suffix('y')
                .is_some_and(|stem| format!("{stem}ies") == plural)
        }
    };
    let all = picture.snapshot.custom().values().flatten();
    let found: Vec<Row> = all
        .filter(|object| is_called(&object.kind) && (group.is_empty() || object.group() == group))
        .map(|object| crate::api::models::custom_row(object, picture.as_of))
        .collect();
    let is_listed = picture.snapshot.custom_listed().iter().any(|known| {
        let (kind, known_group) = known.split_once('.').unwrap_or((known, ""));
        is_called(kind) && (group.is_empty() || known_group == group)
    });
    if found.is_empty() && !is_listed {
        return Err(ApiError::bad_request(format!("no kind is called {word:?}")));
    }
    Ok(found)
}

/// An object with what hangs on it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectDetail {
    /// Its name.
    #[serde(rename = "ref")]
    pub reference: Value,
    /// The whole object; secret values masked.
    pub object: Value,
    /// What controls it.
    pub owners: Vec<Value>,
    /// What it controls.
    pub owned: Vec<Value>,
    /// What happened to it, newest first.
    pub events: Vec<EventItem>,
    /// The causes of the report that concern it.
    pub findings: Vec<Value>,
    /// Its version.
    pub resource_version: String,
}

/// An object as the cluster has it now, with what hangs on it.
#[utoipa::path(get, path = "/api/resources/{kind}/{namespace}/{name}", tag = "inventory",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = ObjectDetail)))]
pub async fn object(
    chosen: Chosen,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let place = Place::new(kinds::needed(&kind)?, &namespace, &name)?;
    let door = chosen.door()?;
    let mut object = door.get(&place).await?;
    mask(&mut object);
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let uid = text("/metadata/uid");
    let reference = ObjectRef {
        uid: (!uid.is_empty()).then(|| uid.clone()),
        ..ObjectRef::namespaced(
            place.kind.api_version(),
            place.kind.as_str(),
            &place.namespace,
            &place.name,
        )
    };
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let causes = picture
        .report
        .causes
        .iter()
        .filter(|cause| cause.concerns(&reference));
    let findings = causes.map(|cause| {
        json!({"causeId": cause.id, "code": cause.code, "severity": cause.severity, "title": cause.title})
    });
    let body = ObjectDetail {
        owned: owned(&picture, &place.namespace, &uid),
        owners,
        events: events_about(
            &picture.snapshot,
            place.kind.as_str(),
            &place.namespace,
            &place.name,
            picture.as_of,
        ),
        findings: findings.collect(),
        resource_version: text("/metadata/resourceVersion"),
        reference: json!(reference),
        object,
    };
    Ok(Json(body).into_response())
}

/// The kinds of which others are made.
const MADE: [Kind; 5] = [
    Kind::Pod,
    Kind::ReplicaSet,
    Kind::Job,
    Kind::ControllerRevision,
    Kind::EndpointSlice,
];

fn owned(picture: &Picture, namespace: &str, uid: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in MADE {
        for meta in picture.snapshot.tables().all_metadata(kind) {
            if meta.namespace == *namespace
                && meta.owner_references.iter().any(|owner| owner.uid == *uid)
            {
                all.push(json!({"apiVersion": kind.api_version(), "kind": kind.as_str(), "namespace": namespace,
                    "name": meta.name.as_str(), "uid": meta.uid.as_str()}));
            }
        }
    }
    all
}

/// An object as YAML.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Yaml {
    /// The YAML; secret values masked.
    pub yaml: String,
    /// Its version.
    pub resource_version: String,
}

/// An object as YAML, as the cluster has it now.
#[utoipa::path(get, path = "/api/resources/{kind}/{namespace}/{name}/yaml", tag = "inventory",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Yaml)))]
pub async fn yaml(
    chosen: Chosen,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let place = Place::new(kinds::needed(&kind)?, &namespace, &name)?;
    let door = chosen.door()?;
    let mut object = door.get(&place).await?;
    mask(&mut object);
    let version = object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let yaml = serde_saphyr::to_string(&object).map_err(|error| {
        ApiError::new(
            Code::Internal,
            format!("the object cannot be written as YAML: {error}"),
        )
    })?;
    let mut headers = HeaderMap::new();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        headers.insert(header::ETAG, etag);
    }
    let body = Yaml {
        yaml,
        resource_version: version,
    };
    Ok((headers, Json(body)).into_response())
}
