//! Objects of any kind: lists, whole objects, YAML.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};
use kubelens_core::kubernetes::{CustomObject, Kind};
use kubelens_core::model::{CoverageState, ObjectRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::actions::Act;
use crate::api::Chosen;
use crate::api::body::is_true;
use crate::api::caching::Asked;
use crate::api::error::{ApiError, Code};
use crate::api::models::{
    EventItem, ResourceItem, ResourceList, Row, custom_row, events_about, rows,
};
use crate::api::paging::{Facts, ListQuery, page};
use crate::api::query::Query;
use crate::api::routes::resource_actions::{Named, place};
use crate::api::text::instant;
use crate::door::kinds;
use crate::door::masked::{mask, trim};
use crate::live::Picture;
use crate::who::Role;

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
        None => custom(&chosen, &picture, &kind).await?,
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
        status: row.item.status.as_str().into(),
        created: row.created,
        restarts: row.restarts,
        labels: Some(&row.labels),
    }
}

/// Objects of a kind that has no type here, by what people call it: those of the picture, else as the cluster has them.
async fn custom(chosen: &Chosen, picture: &Picture, word: &str) -> Result<Vec<Row>, ApiError> {
    let door = chosen.door()?;
    let resource = chosen.cluster.catalogue.find(&door, word).await?;
    if let Some(kind) = resource.typed {
        readable(picture, kind)?;
        return Ok(rows(picture, &[kind], picture.as_of));
    }
    let name = match resource.group() {
        "" => resource.kind.clone(),
        group => format!("{}.{group}", resource.kind),
    };
    let known = picture.snapshot.custom().values().flatten();
    let mut found: Vec<Row> = known
        .filter(|object| *object.kind == *resource.kind && object.group() == resource.group())
        .map(|object| custom_row(object, picture.as_of))
        .collect();
    if found.is_empty() && !picture.snapshot.custom_listed().contains(&name) {
        for object in door.list(resource, "", "").await? {
            let object: CustomObject = serde_json::from_value(object).map_err(|error| {
                ApiError::new(Code::Internal, format!("an object cannot be read: {error}"))
            })?;
            found.push(custom_row(&object, picture.as_of));
        }
        found.sort_by(|a, b| {
            (&a.item.namespace, &a.item.name).cmp(&(&b.item.namespace, &b.item.name))
        });
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
    let place = place(&chosen, &(kind, namespace, name)).await?;
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
            &place.resource.api_version,
            &place.resource.kind,
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
            &place.resource.kind,
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
    /// The YAML; secret values masked, unless they were asked for.
    pub yaml: String,
    /// Its version.
    pub resource_version: String,
}

/// How YAML is shown.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct YamlQuery {
    /// Whether secret values are shown; for an admin, and written down.
    pub reveal: Option<String>,
}

/// An object as YAML, as the cluster has it now.
#[utoipa::path(get, path = "/api/resources/{kind}/{namespace}/{name}/yaml", tag = "inventory",
    params(("kind" = String, Path), ("namespace" = String, Path), ("name" = String, Path), YamlQuery),
    responses((status = 200, body = Yaml)))]
pub async fn yaml(
    act: Act,
    chosen: Chosen,
    Path(named): Path<Named>,
    Query(query): Query<YamlQuery>,
) -> Result<Response, ApiError> {
    let place = place(&chosen, &named).await?;
    let object = if query.reveal.as_deref().is_some_and(is_true) {
        let read = act.reveal("secret.reveal", Role::Admin, &place, async |door| {
            door.get(&place).await
        });
        let mut object = read.await?;
        trim(&mut object);
        object
    } else {
        let mut object = chosen.door()?.get(&place).await?;
        mask(&mut object);
        object
    };
    let version = object
        .pointer("/metadata/resourceVersion")
        .and_then(|version| version.as_str().map(str::to_owned))
        .unwrap_or_default();
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
