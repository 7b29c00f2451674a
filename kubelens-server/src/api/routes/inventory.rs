//! Namespaces, events and counts.

use std::collections::BTreeSet;

use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use kubelens_core::kubernetes::{Event, Kind, Namespace};
use serde::Deserialize;

use crate::api::Chosen;
use crate::api::caching::Asked;
use crate::api::error::ApiError;
use crate::api::models::{EventItem, Stats, event_of, stats_of};
use crate::api::paging::{Facts, ListQuery, page};
use crate::api::query::Query;
use crate::api::routes::resources::readable;

/// The names of all namespaces, empty ones too.
#[utoipa::path(get, path = "/api/namespaces", tag = "inventory", responses((status = 200, body = Vec<String>)))]
pub async fn namespaces(chosen: Chosen, asked: Asked) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let view = chosen.view()?;
    // Who may not list them knows those in which they may read something.
    let own = view.as_ref().map(|view| view.sight().namespaces());
    let own = own.filter(|own| !own.is_empty()).unwrap_or_default();
    if own.is_empty() {
        readable(&picture, Kind::Namespace)?;
    }
    asked.answer(&chosen, &picture, |_| {
        let all = picture.snapshot.table::<Namespace>().iter();
        let all = all.map(|namespace| namespace.metadata.name.to_string());
        let all: BTreeSet<String> = all
            .chain(own.iter().map(|name| (*name).to_owned()))
            .collect();
        Ok(all)
    })
}

/// Which events.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub type_: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// The name of the object.
    pub resource: Option<String>,
    /// Its kind.
    pub resource_kind: Option<String>,
    /// A time, or an age such as `15m`.
    pub since: Option<String>,
}

/// Events without a limit.
const USUAL: usize = 300;

/// Events, newest first.
#[utoipa::path(get, path = "/api/events", tag = "inventory", params(ListQuery, EventQuery),
    responses((status = 200, body = Vec<EventItem>)))]
pub async fn events(
    chosen: Chosen,
    asked: Asked,
    Query(list): Query<ListQuery>,
    Query(wanted): Query<EventQuery>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    readable(&picture, Kind::Event)?;
    let now = picture.as_of;
    let since = wanted
        .since
        .as_deref()
        .map(|text| since(text, now))
        .transpose()?;
    asked.answer(&chosen, &picture, |headers| {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        let mut all: Vec<&Event> = picture
            .snapshot
            .table::<Event>()
            .iter()
            .map(|event| &**event)
            .filter(|event| {
                is(&wanted.type_, &event.type_)
                    && is(&wanted.reason, &event.reason)
                    && is(&wanted.resource, &event.involved_object.name)
                    && is(&wanted.resource_kind, &event.involved_object.kind)
                    && since.is_none_or(|since| event.last_seen().is_some_and(|seen| seen >= since))
            })
            .collect();
        all.sort_by_key(|event| std::cmp::Reverse(event.last_seen()));
        if list.limit.is_none() {
            all.truncate(USUAL);
        }
        let page = page(&list, &picture, all, |event| Facts {
            name: event.involved_object.name.as_str(),
            namespace: event.metadata.namespace.as_str(),
            status: event.reason.as_str().into(),
            created: event.last_seen(),
            restarts: 0,
            labels: None,
        })?;
        page.tell(headers);
        Ok(page
            .items
            .into_iter()
            .map(|event| event_of(event, now))
            .collect::<Vec<_>>())
    })
}

/// `2026-01-01T12:00:00Z`, or `15m`, `2h`, `1d` before now.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let bad = || {
        ApiError::bad_request(format!(
            "since is a time or an age such as 15m, not {text:?}"
        ))
    };
    let unit = text.chars().last().ok_or_else(bad)?;
    let number: i64 = text.trim_end_matches(unit).parse().map_err(|_| bad())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let span = number
        .checked_mul(seconds)
        .map(SignedDuration::from_secs)
        .ok_or_else(bad)?;
    now.checked_sub(span).map_err(|_| bad())
}

/// Counts over the cluster.
#[utoipa::path(get, path = "/api/stats", tag = "inventory", responses((status = 200, body = Stats)))]
pub async fn stats(chosen: Chosen, asked: Asked) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    readable(&picture, Kind::Pod)?;
    readable(&picture, Kind::Node)?;
    asked.answer(&chosen, &picture, |_| Ok(stats_of(&picture)))
}
