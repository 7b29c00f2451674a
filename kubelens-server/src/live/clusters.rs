//! All clusters, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Cluster;

/// The clusters that are followed.
#[derive(Debug, Clone)]
pub struct Clusters {
    all: Arc<BTreeMap<String, Arc<Cluster>>>,
    first: Arc<Cluster>,
}

impl Clusters {
    /// Clusters, of which the first is the one that is meant where none is named.
    pub fn new(first: Cluster, others: Vec<Cluster>) -> Self {
        let first = Arc::new(first);
        let mut all: BTreeMap<String, Arc<Cluster>> = others
            .into_iter()
            .map(|cluster| (cluster.name.clone(), Arc::new(cluster)))
            .collect();
        all.insert(first.name.clone(), Arc::clone(&first));
        Self {
            all: Arc::new(all),
            first,
        }
    }

    /// The one that is meant where none is named.
    pub const fn first(&self) -> &Arc<Cluster> {
        &self.first
    }

    /// The one of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.all.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Cluster>> {
        self.all.values()
    }
}
