use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::sorted::put;
use crate::kubernetes::{Event, Tables, Text};

/// Events by namespace and name of what they are about, then by its kind, oldest first.
#[derive(Debug)]
pub(in crate::snapshot) struct EventsByObject(HashMap<Text, ByName, RandomState>);

/// Almost every object has events of one kind only: a map would cost more than all else.
type ByName = HashMap<Text, Vec<(Text, Vec<Arc<Event>>)>, RandomState>;

/// Most events that are kept about one object; the oldest go.
const MOST_PER_OBJECT: usize = 200;

impl EventsByObject {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_object: HashMap<Text, ByName, RandomState> = HashMap::default();
        for event in tables.events.iter() {
            let about = &event.involved_object;
            if !about.name.is_empty()
                && let Some(events) = list(&mut by_object, event)
            {
                events.push(Arc::clone(event));
            }
        }
        #[allow(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
        for (_, events) in by_object
            .values_mut()
            .flat_map(HashMap::values_mut)
            .flatten()
        {
            events.sort_by(|a, b| order(a, b));
            let surplus = events.len().saturating_sub(MOST_PER_OBJECT);
            events.drain(..surplus);
        }
        Self(by_object)
    }

    pub(super) fn put(&mut self, event: &Arc<Event>) {
        if event.involved_object.name.is_empty() {
            return;
        }
        let Some(events) = list(&mut self.0, event) else {
            return;
        };
        put(events, event, order);
        let surplus = events.len().saturating_sub(MOST_PER_OBJECT);
        events.drain(..surplus);
    }

    /// Takes an event out; where older ones were left out for want of room, they come back from the table.
    pub(super) fn take(&mut self, event: &Arc<Event>, tables: &Tables) {
        let about = &event.involved_object;
        let Some(names) = self.0.get_mut(&about.namespace) else {
            return;
        };
        let Some(kinds) = names.get_mut(&about.name) else {
            return;
        };
        if let Some((_, events)) = kinds.iter_mut().find(|(kind, _)| *kind == about.kind) {
            let was_full = events.len() >= MOST_PER_OBJECT;
            events.retain(|known| {
                known.metadata.name != event.metadata.name
                    || known.metadata.namespace != event.metadata.namespace
            });
            if was_full {
                *events = newest_about(tables, event);
            }
        }
        kinds.retain(|(_, events)| !events.is_empty());
        if kinds.is_empty() {
            names.remove(&about.name);
        }
        if names.is_empty() {
            self.0.remove(&about.namespace);
        }
    }

    /// The events about an object. With a uid, events about an earlier object of that name are left
    /// out; a kubelet writes the node's name as the uid of its Node, so Nodes go by name.
    pub(in crate::snapshot) fn about<'a>(
        &'a self,
        kind: &str,
        namespace: &str,
        name: &str,
        uid: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Event> + use<'a> {
        let by_name_only = kind == "Node" || uid.is_empty();
        let of_name = self.0.get(namespace).and_then(|names| names.get(name));
        of_name
            .and_then(|kinds| kinds.iter().find(|(known, _)| known == kind))
            .map_or(&[] as &[_], |(_, events)| events.as_slice())
            .iter()
            .map(|event| &**event)
            .filter(move |event| {
                let about = &event.involved_object.uid;
                by_name_only || about.is_empty() || about == uid
            })
    }
}

fn list<'e>(
    all: &'e mut HashMap<Text, ByName, RandomState>,
    event: &Event,
) -> Option<&'e mut Vec<Arc<Event>>> {
    let about = &event.involved_object;
    let kinds = all
        .entry(about.namespace.clone())
        .or_default()
        .entry(about.name.clone())
        .or_default();
    if !kinds.iter().any(|(kind, _)| *kind == about.kind) {
        kinds.push((about.kind.clone(), Vec::new()));
    }
    let mut lists = kinds.iter_mut();
    let found = lists.find(|(kind, _)| *kind == about.kind);
    found.map(|(_, events)| events)
}

/// Oldest first; of one instant by name.
fn order(one: &Event, other: &Event) -> Ordering {
    let key = |event: &Event| event.last_seen();
    key(one)
        .cmp(&key(other))
        .then_with(|| one.metadata.name.cmp(&other.metadata.name))
        .then_with(|| one.metadata.namespace.cmp(&other.metadata.namespace))
}

/// The newest events of a table about the same object.
fn newest_about(tables: &Tables, event: &Event) -> Vec<Arc<Event>> {
    let about = &event.involved_object;
    let mut all: Vec<Arc<Event>> = tables
        .events
        .iter()
        .filter(|other| {
            let known = &other.involved_object;
            (&known.namespace, &known.name, &known.kind)
                == (&about.namespace, &about.name, &about.kind)
        })
        .cloned()
        .collect();
    all.sort_by(|a, b| order(a, b));
    let surplus = all.len().saturating_sub(MOST_PER_OBJECT);
    all.drain(..surplus);
    all
}
