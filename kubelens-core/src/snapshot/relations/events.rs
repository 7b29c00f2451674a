use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::kubernetes::{Event, Tables, Text};

/// Events by namespace and name of what they are about, then by its kind, oldest first.
#[derive(Debug)]
pub(in crate::snapshot) struct EventsByObject(HashMap<Text, ByName, RandomState>);

type ByName = HashMap<Text, Vec<(Text, Vec<Arc<Event>>)>, RandomState>;

/// Most events that are kept about one object; the oldest go.
const MOST_PER_OBJECT: usize = 200;

impl EventsByObject {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_object: HashMap<Text, ByName, RandomState> = HashMap::default();
        for event in tables.events.iter() {
            let about = &event.involved_object;
            if about.name.is_empty() {
                continue;
            }
            let of_name = by_object
                .entry(about.namespace.clone())
                .or_default()
                .entry(about.name.clone())
                .or_default();
            match of_name.iter_mut().find(|(kind, _)| *kind == about.kind) {
                Some((_, events)) => events.push(Arc::clone(event)),
                None => of_name.push((about.kind.clone(), vec![Arc::clone(event)])),
            }
        }
        #[allow(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
        for (_, events) in by_object
            .values_mut()
            .flat_map(HashMap::values_mut)
            .flatten()
        {
            events.sort_by(|a, b| {
                (a.last_seen(), &a.metadata.name).cmp(&(b.last_seen(), &b.metadata.name))
            });
            let surplus = events.len().saturating_sub(MOST_PER_OBJECT);
            events.drain(..surplus);
        }
        Self(by_object)
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
