use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::sorted::{by_name, put, take};
use crate::kubernetes::{Pod, Tables, Text};

/// Pods that no workload controls, by namespace.
#[derive(Debug)]
pub(in crate::snapshot) struct BarePods(HashMap<Text, Vec<Arc<Pod>>, RandomState>);

impl BarePods {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut bare = Self(HashMap::default());
        tables.pods.iter().for_each(|pod| bare.put(pod));
        bare
    }

    pub(super) fn put(&mut self, pod: &Arc<Pod>) {
        if pod.metadata.workload_controller().is_none() {
            let list = self.0.entry(pod.metadata.namespace.clone()).or_default();
            put(list, pod, by_name);
        }
    }

    pub(super) fn take(&mut self, pod: &Arc<Pod>) {
        take(&mut self.0, &pod.metadata.namespace, pod, by_name);
    }

    /// Those of one namespace, by name.
    pub(in crate::snapshot) fn in_namespace(&self, namespace: &str) -> &[Arc<Pod>] {
        self.0.get(namespace).map_or(&[], Vec::as_slice)
    }
}
