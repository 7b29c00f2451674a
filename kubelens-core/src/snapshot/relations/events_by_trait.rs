use std::sync::Arc;

use super::sorted::{by_name, put};
use crate::kubernetes::{Event, Tables};

/// What is true of few events and asked of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventTrait {
    /// Its type is `Warning`.
    Warning,
    /// It passes on what etcd says.
    QuotesEtcd,
}

impl EventTrait {
    const ALL: [Self; 2] = [Self::Warning, Self::QuotesEtcd];

    /// Whether it is true of an event.
    pub fn is_of(self, event: &Event) -> bool {
        match self {
            Self::Warning => event.is_warning(),
            Self::QuotesEtcd => event.message.contains("etcdserver: "),
        }
    }

    /// All that is true of an event.
    pub(in crate::snapshot) fn all_of(event: &Event) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|one| one.is_of(event))
    }
}

/// Events by what is true of them.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct EventsByTrait([Vec<Arc<Event>>; EventTrait::ALL.len()]);

impl EventsByTrait {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_trait = Self::default();
        tables.events.iter().for_each(|event| by_trait.put(event));
        by_trait
    }

    pub(super) fn put(&mut self, event: &Arc<Event>) {
        for one in EventTrait::all_of(event) {
            if let Some(list) = self.0.get_mut(one as usize) {
                put(list, event, by_name);
            }
        }
    }

    pub(super) fn take(&mut self, event: &Arc<Event>) {
        for list in &mut self.0 {
            if let Ok(at) = list.binary_search_by(|known| by_name(&**known, &**event)) {
                list.remove(at);
            }
        }
    }

    /// Those of which this is true, by namespace and name.
    pub(in crate::snapshot) fn that(&self, one: EventTrait) -> &[Arc<Event>] {
        self.0.get(one as usize).map_or(&[], Vec::as_slice)
    }
}
