//! What somebody may hear of clusters in which people have rights of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Event;
use super::event::Reach;
use crate::access::Identity;
use crate::live::{Clusters, View};
use crate::who::Role;

/// What a listener may hear, by cluster.
#[derive(Debug, Clone, Default)]
pub struct Hearing {
    person: String,
    /// The clusters where people have rights of their own; none there = nothing is heard.
    views: BTreeMap<String, Option<Arc<View>>>,
}

impl PartialEq for Hearing {
    /// Whether both hear the same.
    fn eq(&self, other: &Self) -> bool {
        let ids = |one: &Self| -> Vec<(String, Option<u64>)> {
            let all = one.views.iter();
            all.map(|(name, view)| (name.clone(), view.as_ref().map(|view| view.id())))
                .collect()
        };
        self.person == other.person && ids(self) == ids(other)
    }
}

impl Eq for Hearing {}

impl Hearing {
    /// What somebody may hear now. A cluster where that is not known is not heard of.
    pub async fn of(clusters: &Clusters, who: &Identity) -> Self {
        let mut views = BTreeMap::new();
        for cluster in clusters.iter().filter(|cluster| cluster.impersonates()) {
            let view = cluster.view_of(who).await.ok().flatten();
            if let Some(view) = &view {
                cluster.listen(view);
            }
            views.insert(cluster.name.clone(), view);
        }
        Self {
            person: who.name.clone(),
            views,
        }
    }

    /// Whether people have rights of their own anywhere.
    pub fn is_limited(&self) -> bool {
        !self.views.is_empty()
    }

    pub(super) fn reaches(&self, event: &Event, role: Role) -> bool {
        let view = match &event.cluster {
            None if !self.is_limited() => return true,
            None => None,
            Some(cluster) => match self.views.get(cluster) {
                // Everybody hears what the server sees; views are of other clusters.
                None => return !matches!(event.reach, Reach::View(_)),
                Some(view) => view.as_deref(),
            },
        };
        match &event.reach {
            Reach::All => true,
            // Of no cluster: the trail, which is an admin's.
            Reach::Whole => event.cluster.is_none() && role == Role::Admin,
            Reach::Person(name) => *name == self.person || role == Role::Admin,
            Reach::View(id) => view.is_some_and(|view| view.id() == *id),
            Reach::Readers(kind) => {
                let namespace = event.namespace.as_deref().unwrap_or_default();
                view.is_some_and(|view| view.sight().shows(*kind, namespace))
            }
        }
    }
}
