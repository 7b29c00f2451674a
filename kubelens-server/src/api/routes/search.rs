//! Finds objects and causes by a part of a name, a label, an image or a title.

use axum::response::Response;
use kubelens_core::kubernetes::{Kind, Pod};
use kubelens_core::model::ObjectRef;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Chosen;
use crate::api::body::number;
use crate::api::caching::Asked;
use crate::api::error::ApiError;
use crate::api::query::Query;
use crate::live::Picture;

/// What is looked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// A part of a name, of `label=value`, of an image, or of a cause's title or code.
    pub q: String,
    /// How many hits: 20, at most 200.
    pub limit: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Found {
    /// What was looked for.
    pub query: String,
    /// How many there are in all.
    pub total: usize,
    /// The best ones.
    pub items: Vec<Hit>,
}

/// One hit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// `name`, `label`, `image` or `finding`.
    pub matched: String,
    /// The text that was found.
    pub text: String,
    /// The object.
    #[serde(rename = "ref")]
    pub reference: Value,
    /// The cause, for a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause_id: Option<String>,
    #[serde(skip)]
    rank: u8,
}

/// What answers to a word stands before what only holds it.
fn rank(text: &str, word: &str) -> Option<u8> {
    let text = text.to_lowercase();
    if text == word {
        Some(0)
    } else if text.starts_with(word) {
        Some(1)
    } else {
        text.contains(word).then_some(2)
    }
}

/// Objects and causes that a text leads to.
#[utoipa::path(get, path = "/api/search", tag = "inventory", params(SearchQuery),
    responses((status = 200, body = Found)))]
pub async fn search(
    chosen: Chosen,
    asked: Asked,
    Query(query): Query<SearchQuery>,
) -> Result<Response, ApiError> {
    let word = query.q.trim().to_lowercase();
    if word.is_empty() {
        return Err(ApiError::bad_request(
            "q is missing: a part of a name, a label, an image or a finding",
        ));
    }
    let picture = chosen.picture()?;
    asked.answer(&chosen, &picture, |_| {
        let mut all = hits(&picture, &word);
        all.sort_by(|a, b| (a.rank, &a.text).cmp(&(b.rank, &b.text)));
        let total = all.len();
        all.truncate(number(query.limit.as_deref(), 20, 200));
        Ok(Found {
            query: query.q.clone(),
            total,
            items: all,
        })
    })
}

fn hits(picture: &Picture, word: &str) -> Vec<Hit> {
    let mut all = Vec::new();
    let hit = |matched: &str, text: String, rank: u8, reference: &ObjectRef| Hit {
        matched: matched.to_owned(),
        text,
        reference: json!(reference),
        cause_id: None,
        rank,
    };
    for cause in &picture.report.causes {
        let found = rank(&cause.title, word).or_else(|| rank(&cause.code, word));
        if let Some(rank) = found {
            all.push(Hit {
                cause_id: Some(cause.id.clone()),
                ..hit("finding", cause.title.clone(), rank, &cause.subject)
            });
        }
    }
    let snapshot = &picture.snapshot;
    // Events are told of objects, and are found with them.
    for kind in Kind::ALL
        .iter()
        .copied()
        .filter(|kind| *kind != Kind::Event)
    {
        let metadata = snapshot.tables().all_metadata(kind);
        for (meta, reference) in metadata.into_iter().zip(snapshot.tables().references(kind)) {
            if let Some(rank) = rank(&meta.name, word) {
                all.push(hit("name", meta.name.to_string(), rank, &reference));
                continue;
            }
            let mut labels = meta
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"));
            if let Some(label) = labels.find(|label| label.to_lowercase().contains(word)) {
                all.push(hit("label", label, 3, &reference));
            }
        }
    }
    for object in snapshot.custom().values().flatten() {
        let meta = &object.metadata;
        if let Some(rank) = rank(&meta.name, word) {
            let reference = ObjectRef::namespaced(
                &object.api_version,
                &object.kind,
                &meta.namespace,
                &meta.name,
            );
            all.push(hit("name", meta.name.to_string(), rank, &reference));
        }
    }
    for pod in snapshot.table::<Pod>().iter() {
        use kubelens_core::kubernetes::Object as _;
        let mut images = pod.containers().map(|one| one.spec.image.to_string());
        if let Some(image) = images.find(|image| image.to_lowercase().contains(word)) {
            all.push(hit("image", image, 4, &pod.reference()));
        }
    }
    all
}
