use std::collections::BTreeMap;
use std::sync::Arc;

use super::sorted::{by_name, put};
use crate::kubernetes::{Pod, Tables, Text};

/// Pods that have no node, by namespace and owner.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct UnplacedByOwner(BTreeMap<Owner, Vec<Arc<Pod>>>);

/// A namespace, and what tells owners in it apart.
type Owner = (Text, Text);

impl UnplacedByOwner {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_owner = Self::default();
        tables.pods.iter().for_each(|pod| by_owner.put(pod));
        by_owner
    }

    pub(super) fn put(&mut self, pod: &Arc<Pod>) {
        if !pod.is_scheduled() {
            put(self.0.entry(key(pod)).or_default(), pod, by_name);
        }
    }

    pub(super) fn take(&mut self, pod: &Arc<Pod>) {
        if pod.is_scheduled() {
            return;
        }
        let key = key(pod);
        let Some(pods) = self.0.get_mut(&key) else {
            return;
        };
        if let Ok(at) = pods.binary_search_by(|known| by_name(&**known, &**pod)) {
            pods.remove(at);
        }
        if pods.is_empty() {
            self.0.remove(&key);
        }
    }

    /// The pods of all owners, by namespace and owner.
    pub(in crate::snapshot) fn all(&self) -> impl Iterator<Item = (&Owner, &[Arc<Pod>])> {
        self.0.iter().map(|(owner, pods)| (owner, pods.as_slice()))
    }

    /// The pods of one owner, by name; none if it has none without a node.
    pub(in crate::snapshot) fn of_owner(
        &self,
        namespace: &Text,
        owner: &Text,
    ) -> Option<(&Owner, &[Arc<Pod>])> {
        let found = self.0.get_key_value(&(namespace.clone(), owner.clone()));
        found.map(|(owner, pods)| (owner, pods.as_slice()))
    }
}

fn key(pod: &Pod) -> Owner {
    (pod.metadata.namespace.clone(), owner_of(pod).clone())
}

/// What pods without a node are told apart by: the uid of what controls them; the name where nothing does.
pub(in crate::snapshot) fn owner_of(pod: &Pod) -> &Text {
    pod.metadata
        .controller()
        .map_or(&pod.metadata.name, |owner| &owner.uid)
}
