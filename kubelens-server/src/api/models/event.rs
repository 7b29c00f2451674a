use jiff::Timestamp;
use kubelens_core::kubernetes::Event;
use kubelens_core::model::safe_text;
use kubelens_core::snapshot::Snapshot;
use serde::Serialize;

use crate::api::text::{age, instant};

/// An event.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventItem {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The reason in a word.
    pub reason: String,
    /// How long ago it was seen last.
    pub age: String,
    /// Who says so.
    pub from: String,
    /// What happened.
    pub message: String,
    /// The namespace of the object that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name of the object that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_kind: Option<String>,
    /// How often it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// When it was seen last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_timestamp: Option<String>,
}

/// An event as it stands in lists.
pub fn event_of(event: &Event, now: Timestamp) -> EventItem {
    let object = &event.involved_object;
    let text = |text: &kubelens_core::kubernetes::Text| text.non_empty().map(str::to_owned);
    EventItem {
        type_: event.type_.to_string(),
        reason: safe_text(&event.reason),
        age: age(event.last_seen(), now),
        from: event.reporting_component.to_string(),
        message: safe_text(&event.message),
        namespace: text(&object.namespace),
        resource: text(&object.name),
        resource_kind: text(&object.kind),
        count: Some(event.times()),
        last_timestamp: event.last_seen().map(instant),
    }
}

/// The events about an object, newest first. An empty uid stands for any object of the name.
pub fn events_about(
    snapshot: &Snapshot,
    kind: &str,
    namespace: &str,
    name: &str,
    now: Timestamp,
) -> Vec<EventItem> {
    let cluster = kubelens_core::snapshot::Cluster::new(snapshot);
    let events = cluster.events_about(kind, namespace, name, "");
    let mut events: Vec<&Event> = events.collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.last_seen()));
    events
        .into_iter()
        .map(|event| event_of(event, now))
        .collect()
}
