use std::sync::Arc;

use super::sorted::{by_name, put};
use crate::kubernetes::{Pod, Tables};

/// What is true of few pods and asked of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PodTrait {
    /// It takes a port of its node.
    HostPort,
    /// It asks for a RuntimeClass.
    RuntimeClass,
}

impl PodTrait {
    const ALL: [Self; 2] = [Self::HostPort, Self::RuntimeClass];

    /// Whether it is true of a pod.
    pub fn is_of(self, pod: &Pod) -> bool {
        match self {
            Self::HostPort => pod
                .spec
                .containers
                .iter()
                .flat_map(|container| container.ports.iter())
                .any(|port| port.host_port > 0),
            Self::RuntimeClass => !pod.spec.runtime_class_name.is_empty(),
        }
    }

    /// All that is true of a pod.
    pub(in crate::snapshot) fn all_of(pod: &Pod) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|one| one.is_of(pod))
    }
}

/// Pods by what is true of them.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct PodsByTrait([Vec<Arc<Pod>>; PodTrait::ALL.len()]);

impl PodsByTrait {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_trait = Self::default();
        tables.pods.iter().for_each(|pod| by_trait.put(pod));
        by_trait
    }

    pub(super) fn put(&mut self, pod: &Arc<Pod>) {
        for one in PodTrait::all_of(pod) {
            if let Some(list) = self.0.get_mut(one as usize) {
                put(list, pod, by_name);
            }
        }
    }

    pub(super) fn take(&mut self, pod: &Arc<Pod>) {
        for list in &mut self.0 {
            if let Ok(at) = list.binary_search_by(|known| by_name(&**known, &**pod)) {
                list.remove(at);
            }
        }
    }

    /// Those of which this is true, by namespace and name.
    pub(in crate::snapshot) fn that(&self, one: PodTrait) -> &[Arc<Pod>] {
        self.0.get(one as usize).map_or(&[], Vec::as_slice)
    }
}
