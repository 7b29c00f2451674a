//! What an operator says in its events alone, where its condition sends the reader there.

use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Condition, CustomObject, Event};
use crate::snapshot::Cluster;

/// `see Events for details`, `check the events of the object`.
static SENT_THERE: Pattern =
    Pattern::new(r"(?i)\b(?:see|check|look (?:at|into)|refer to|inspect)\b.{0,40}\bevents?\b");

/// Most warnings that are told.
const MOST: usize = 2;

/// The newest warnings about an object, each text once, where a condition sends the reader to them.
pub(super) fn told_by_events<'a>(
    cluster: &Cluster<'a>,
    object: &CustomObject,
    condition: &Condition,
) -> Vec<&'a Event> {
    if !SENT_THERE.is_in(&condition.message) {
        return Vec::new();
    }
    let meta = &object.metadata;
    let window = cluster.thresholds(meta).event_window;
    let mut all: Vec<&Event> = Vec::new();
    for event in cluster
        .events_about(&object.kind, &meta.namespace, &meta.name, "")
        .rev()
    {
        let is_new = all.iter().all(|known| known.message != event.message);
        if event.is_warning()
            && is_new
            && all.len() < MOST
            && cluster.is_within(event.last_seen(), window)
        {
            all.push(event);
        }
    }
    all
}

/// What a condition says: its reason, and the events that it sends the reader to.
pub(super) fn with_events(condition: &Condition, events: &[&Event]) -> String {
    let said: Vec<&str> = events.iter().map(|event| event.message.as_str()).collect();
    format!("{}: {}", condition.reason, said.join("; "))
}
