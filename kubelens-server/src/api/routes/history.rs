//! What was broken when.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::Chosen;
use crate::api::error::{ApiError, Code};
use crate::api::query::{Query, time, words};
use crate::api::text::instant;
use crate::history::{Entry, Episode, Unwatched, history_name};
use crate::server::AppState;

/// Episodes of an answer where nobody says how many.
const USUAL: usize = 200;

/// Most episodes of an answer.
const MOST: usize = 1_000;

/// Which part of the history.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Only what went on at this time or later, RFC 3339.
    pub since: Option<String>,
    /// Only what had begun by this time, RFC 3339.
    pub until: Option<String>,
    /// Only causes whose subject is in these namespaces, with commas.
    pub namespace: Option<String>,
    /// Only causes of these codes, with commas.
    pub code: Option<String>,
    /// Only the cause of this id.
    pub cause: Option<String>,
    /// How many episodes at most, 1 to 1000; 200 without it.
    pub limit: Option<String>,
}

/// What was broken when: causes that are at least a warning.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportHistory {
    /// The times of causes, the one that began last first.
    pub items: Vec<Episode>,
    /// The times of which there is no report, the last first.
    pub unwatched: Vec<Unwatched>,
    /// The time of the last report that is in it; none before the first.
    pub watched_until: Option<String>,
    /// Whether there is more than the limit allowed.
    pub has_more: bool,
}

/// What was broken when, and when nobody looked.
#[utoipa::path(get, path = "/api/report/history", tag = "insight", params(HistoryQuery),
    responses((status = 200, body = ReportHistory)))]
pub async fn history(
    State(state): State<AppState>,
    chosen: Chosen,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<ReportHistory>, ApiError> {
    let asked = Asked::of(&query)?;
    let view = chosen.view()?;
    let Some(history) = state.kept.as_ref().map(|kept| kept.history.clone()) else {
        let why = "there is no state directory: what was broken when is not kept";
        return Err(ApiError::new(Code::StoreUnavailable, why));
    };
    let name = history_name(&chosen.cluster);
    let mut found = ReportHistory {
        items: Vec::new(),
        unwatched: Vec::new(),
        watched_until: None,
        has_more: false,
    };
    let read = tokio::task::spawn_blocking(move || {
        history.each_back(&name, |entry| {
            let may_hear = view.as_ref().is_none_or(|view| entry.is_for(view.sight()));
            if !may_hear || !asked.wants(&entry) {
                return true;
            }
            if found.items.len() + found.unwatched.len() >= asked.limit {
                found.has_more = true;
                return false;
            }
            match entry {
                Entry::Cause { episode, .. } => found.items.push(*episode),
                Entry::Unwatched(gap) => found.unwatched.push(gap),
            }
            true
        })?;
        found.watched_until = history.looked_at(&name)?.map(instant);
        Ok::<_, crate::store::StoreError>(found)
    });
    match read.await {
        Ok(Ok(found)) => Ok(Json(found)),
        Ok(Err(error)) => Err(ApiError::new(Code::StoreUnavailable, error.to_string())),
        Err(_) => Err(ApiError::new(Code::Internal, "the history cannot be read")),
    }
}

/// The query, understood.
struct Asked {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    namespaces: Vec<String>,
    codes: Vec<String>,
    cause: Option<String>,
    limit: usize,
}

impl Asked {
    fn of(query: &HistoryQuery) -> Result<Self, ApiError> {
        let time = |name, text: &Option<String>| {
            time(name, text.as_deref()).map_err(ApiError::bad_request)
        };
        let words = |text: &Option<String>| words(text.as_deref()).map(str::to_owned).collect();
        let limit = match query.limit.as_deref() {
            None | Some("") => USUAL,
            Some(text) => match text.parse() {
                Ok(limit) if (1..=MOST).contains(&limit) => limit,
                _ => {
                    let why = format!("limit is a number from 1 to {MOST}, not {text:?}");
                    return Err(ApiError::bad_request(why));
                }
            },
        };
        Ok(Self {
            since: time("since", &query.since)?,
            until: time("until", &query.until)?,
            namespaces: words(&query.namespace),
            codes: words(&query.code),
            cause: query.cause.clone().filter(|id| !id.is_empty()),
            limit,
        })
    }

    fn wants(&self, entry: &Entry) -> bool {
        let is_late = |since| entry.end().is_some_and(|end| end < since);
        let is_early = |until| entry.begin() > until;
        if self.since.is_some_and(is_late) || self.until.is_some_and(is_early) {
            return false;
        }
        let Entry::Cause { episode, .. } = entry else {
            return true;
        };
        let is_in = |namespace: &String| self.namespaces.contains(namespace);
        (self.namespaces.is_empty() || episode.subject.namespace.as_ref().is_some_and(is_in))
            && (self.codes.is_empty() || self.codes.contains(&episode.code))
            && self.cause.as_ref().is_none_or(|id| *id == episode.id)
    }
}
