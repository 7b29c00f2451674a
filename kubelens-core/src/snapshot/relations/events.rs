use std::collections::HashMap;
use std::sync::Arc;

use crate::kubernetes::{Event, Tables, Text};

/// Events by kind, namespace and name of what they are about, oldest first.
#[derive(Debug)]
pub(in crate::snapshot) struct EventsByObject(HashMap<(Text, Text, Text), Vec<Arc<Event>>>);

/// Most events that are kept about one object; the oldest go.
const MOST_PER_OBJECT: usize = 200;

impl EventsByObject {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_object: HashMap<_, Vec<Arc<Event>>> = HashMap::new();
        for event in tables.events.iter() {
            let about = &event.involved_object;
            if about.name.is_empty() {
                continue;
            }
            let key = (
                about.kind.clone(),
                about.namespace.clone(),
                about.name.clone(),
            );
            by_object.entry(key).or_default().push(Arc::clone(event));
        }
        #[allow(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
        for events in by_object.values_mut() {
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
        let key = (Text::new(kind), Text::new(namespace), Text::new(name));
        let by_name_only = kind == "Node" || uid.is_empty();
        self.0
            .get(&key)
            .into_iter()
            .flatten()
            .map(|event| &**event)
            .filter(move |event| {
                let about = &event.involved_object.uid;
                by_name_only || about.is_empty() || about == uid
            })
    }
}
