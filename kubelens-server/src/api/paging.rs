//! Lists: narrowed, sorted, cut into pages that belong to one picture.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use kubelens_core::kubernetes::Kind;
use kubelens_core::model::ObjectRef;
use kubelens_core::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

use super::error::{ApiError, Code};
use super::query::words;
use crate::live::Picture;

/// Most items of a page.
const MOST: usize = 5000;

/// How a list is asked for.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// How many at most, 1 to 5000; all without it.
    pub limit: Option<String>,
    /// Where to go on, as the page before said.
    #[serde(rename = "continue")]
    #[param(rename = "continue")]
    pub continue_: Option<String>,
    /// Namespaces, with commas.
    pub namespace: Option<String>,
    /// `app=web,tier!=cache,!legacy`.
    pub label_selector: Option<String>,
    /// `metadata.name=web`, `metadata.namespace=shop`, `status=Running`.
    pub field_selector: Option<String>,
    /// A part of name, namespace or status.
    pub q: Option<String>,
    /// `name`, `-age`, `status`, `restarts`, with commas.
    pub sort: Option<String>,
}

/// What is known of an item of a list, to narrow and sort by.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// The name.
    pub name: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// The status.
    pub status: Cow<'a, str>,
    /// When it was made.
    pub created: Option<jiff::Timestamp>,
    /// How often it was restarted.
    pub restarts: i64,
    /// The labels.
    pub labels: Option<&'a kubelens_core::kubernetes::Labels>,
}

/// A page.
#[derive(Debug)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Where the next begins; none at the end.
    pub next: Option<String>,
    /// How many items the whole list has.
    pub total: usize,
}

impl<T> Page<T> {
    /// Says in headers what a plain list cannot say.
    pub fn tell(&self, headers: &mut HeaderMap) {
        headers.insert("x-kubelens-total", self.total.into());
        if let Some(next) = self
            .next
            .as_deref()
            .and_then(|next| HeaderValue::from_str(next).ok())
        {
            headers.insert("x-kubelens-continue", next);
        }
    }
}

/// Narrows, sorts and cuts a list.
pub fn page<'a, T: 'a>(
    query: &ListQuery,
    picture: &Picture,
    items: impl IntoIterator<Item = T>,
    facts: impl Fn(&T) -> Facts<'a>,
) -> Result<Page<T>, ApiError> {
    let wanted = Wanted::of(query)?;
    let mut kept: Vec<(Facts<'a>, T)> = items
        .into_iter()
        .map(|item| (facts(&item), item))
        .filter(|(facts, _)| wanted.fits(facts))
        .collect();
    sort(&mut kept, query.sort.as_deref().unwrap_or_default())?;
    let total = kept.len();
    let seal = seal(query, picture);
    let start = match query.continue_.as_deref().filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => opened(token, seal)?,
    };
    let limit = match query.limit.as_deref() {
        None => total,
        Some(limit) => super::body::number(Some(limit), MOST, MOST),
    };
    let end = start.saturating_add(limit).min(total);
    let next = (end < total).then(|| URL_SAFE_NO_PAD.encode(format!("{seal:x}:{end}")));
    let items = kept
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(_, item)| item)
        .collect();
    Ok(Page { items, next, total })
}

/// What a token belongs to: the picture and what was asked for.
fn seal(query: &ListQuery, picture: &Picture) -> u64 {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
    let same = [
        &query.namespace,
        &query.label_selector,
        &query.field_selector,
        &query.q,
        &query.sort,
    ];
    BuildHasherDefault::<DefaultHasher>::default().hash_one((
        same,
        picture.revision,
        picture.as_of.as_nanosecond(),
        picture.view,
    ))
}

fn opened(token: &str, seal: u64) -> Result<usize, ApiError> {
    let read = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| {
            let (known, start) = text.split_once(':')?;
            Some((u64::from_str_radix(known, 16).ok()?, start.parse().ok()?))
        });
    match read {
        None => Err(ApiError::bad_request("continue is no token of this server")),
        Some((known, start)) if known == seal => Ok(start),
        Some(_) => Err(ApiError::new(
            Code::ContinueExpired,
            "the list has changed since this page was cut: begin again without continue",
        )),
    }
}

struct Wanted<'q> {
    namespaces: Vec<&'q str>,
    labels: Vec<Requirement<'q>>,
    fields: Vec<(&'q str, bool, &'q str)>,
    text: String,
}

enum Requirement<'q> {
    Is(&'q str, &'q str),
    IsNot(&'q str, &'q str),
    In(&'q str, Vec<&'q str>, bool),
    Has(&'q str, bool),
}

impl<'q> Wanted<'q> {
    fn of(query: &'q ListQuery) -> Result<Self, ApiError> {
        let words = |text: &'q Option<String>| -> Vec<&'q str> { words(text.as_deref()).collect() };
        let mut fields = Vec::new();
        for part in words(&query.field_selector) {
            let (field, is_equal, value) = match (part.split_once("!="), part.split_once('=')) {
                (Some((field, value)), _) => (field, false, value),
                (None, Some((field, value))) => (field, true, value.trim_start_matches('=')),
                _ => {
                    return Err(ApiError::bad_request(format!(
                        "fieldSelector {part:?} has no = in it"
                    )));
                }
            };
            if ![
                "metadata.name",
                "metadata.namespace",
                "status",
                "status.phase",
            ]
            .contains(&field)
            {
                return Err(ApiError::bad_request(format!(
                    "fieldSelector knows metadata.name, metadata.namespace and status, not {field:?}"
                )));
            }
            fields.push((field, is_equal, value));
        }
        Ok(Self {
            namespaces: words(&query.namespace),
            labels: requirements(query.label_selector.as_deref().unwrap_or_default())?,
            fields,
            text: query.q.as_deref().unwrap_or_default().to_lowercase(),
        })
    }

    fn fits(&self, facts: &Facts<'_>) -> bool {
        let is_in = self.namespaces.is_empty() || self.namespaces.contains(&facts.namespace);
        let label = |key: &str| facts.labels.and_then(|labels| labels.value(key));
        let has_labels = self.labels.iter().all(|requirement| match requirement {
            Requirement::Is(key, value) => label(key) == Some(value),
            Requirement::IsNot(key, value) => label(key) != Some(value),
            Requirement::In(key, values, is_in) => {
                label(key).is_some_and(|value| values.contains(&value)) == *is_in
            }
            Requirement::Has(key, is_there) => label(key).is_some() == *is_there,
        });
        let has_fields = self.fields.iter().all(|(field, is_equal, value)| {
            let known = match *field {
                "metadata.name" => facts.name,
                "metadata.namespace" => facts.namespace,
                _ => &facts.status,
            };
            (known == *value) == *is_equal
        });
        let has_text = self.text.is_empty()
            || [facts.name, facts.namespace, &facts.status]
                .iter()
                .any(|known| known.to_lowercase().contains(&self.text));
        is_in && has_labels && has_fields && has_text
    }
}

/// The objects that have labels such as `app=web,tier!=cache`.
pub fn with_labels(snapshot: &Snapshot, selector: &str) -> Result<Vec<ObjectRef>, ApiError> {
    let query = ListQuery {
        label_selector: Some(selector.to_owned()),
        ..ListQuery::default()
    };
    let wanted = Wanted::of(&query)?;
    let fits = |labels| {
        wanted.fits(&Facts {
            labels: Some(labels),
            ..Facts::default()
        })
    };
    let mut found = Vec::new();
    for kind in Kind::ALL.iter().copied() {
        let all = snapshot.tables().all_metadata(kind);
        let references = snapshot.tables().references(kind);
        let pairs = all.into_iter().zip(references);
        found.extend(
            pairs
                .filter(|(meta, _)| fits(&meta.labels))
                .map(|(_, one)| one),
        );
    }
    for object in snapshot.custom().values().flatten() {
        let meta = &object.metadata;
        if fits(&meta.labels) {
            found.push(ObjectRef::namespaced(
                &object.api_version,
                &object.kind,
                &meta.namespace,
                &meta.name,
            ));
        }
    }
    Ok(found)
}

/// Reads a label selector: equality and set requirements.
fn requirements(text: &str) -> Result<Vec<Requirement<'_>>, ApiError> {
    let mut all = Vec::new();
    let mut depth = 0_i32;
    let parts = text.split(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    });
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let set = |word: &str| -> Option<(&str, Vec<&str>)> {
            let (key, rest) = part.split_once(word)?;
            let values = rest.trim().strip_prefix('(')?.strip_suffix(')')?;
            Some((key.trim(), values.split(',').map(str::trim).collect()))
        };
        all.push(if let Some((key, values)) = set(" notin ") {
            Requirement::In(key, values, false)
        } else if let Some((key, values)) = set(" in ") {
            Requirement::In(key, values, true)
        } else if let Some((key, value)) = part.split_once("!=") {
            Requirement::IsNot(key.trim(), value.trim())
        } else if let Some((key, value)) = part.split_once('=') {
            Requirement::Is(key.trim(), value.trim_start_matches('=').trim())
        } else if let Some(key) = part.strip_prefix('!') {
            Requirement::Has(key.trim(), false)
        } else if part.contains(' ') {
            return Err(ApiError::bad_request(format!(
                "labelSelector {part:?} cannot be read"
            )));
        } else {
            Requirement::Has(part, true)
        });
    }
    Ok(all)
}

fn sort<T>(items: &mut [(Facts<'_>, T)], sort: &str) -> Result<(), ApiError> {
    // The last key first: sorting is stable.
    for key in words(Some(sort)).rev() {
        let (name, is_down) = key
            .strip_prefix('-')
            .map_or((key, false), |name| (name, true));
        let compare: fn(&Facts<'_>, &Facts<'_>) -> std::cmp::Ordering = match name {
            "name" => |a, b| a.name.cmp(b.name),
            "namespace" => |a, b| a.namespace.cmp(b.namespace),
            "status" => |a, b| a.status.cmp(&b.status),
            "restarts" => |a, b| a.restarts.cmp(&b.restarts),
            // The older is the greater.
            "age" => |a, b| b.created.cmp(&a.created),
            _ => {
                return Err(ApiError::bad_request(format!(
                    "sort knows name, namespace, status, restarts and age, not {name:?}"
                )));
            }
        };
        items.sort_by(|(a, _), (b, _)| {
            let order = compare(a, b);
            if is_down { order.reverse() } else { order }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_are_read_as_kubectl_reads_them() {
        let labels: kubelens_core::kubernetes::Labels =
            serde_json::from_str(r#"{"app":"web","tier":"front"}"#).unwrap();
        let fits = |selector: &str| {
            let query = ListQuery {
                label_selector: Some(selector.to_owned()),
                ..ListQuery::default()
            };
            let facts = Facts {
                labels: Some(&labels),
                ..Facts::default()
            };
            Wanted::of(&query).unwrap().fits(&facts)
        };
        for selector in [
            "app=web",
            "app==web,tier!=back",
            "app in (web, api),tier",
            "!legacy",
            "app notin (api)",
        ] {
            assert!(fits(selector), "{selector}");
        }
        for selector in ["app=api", "tier notin (front,back)", "legacy", "!app"] {
            assert!(!fits(selector), "{selector}");
        }
    }
}
