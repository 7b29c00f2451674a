use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::sorted::{by_name, put, take};
use crate::kubernetes::{Pod, Tables, Text};

/// Pods by the node they were put on.
#[derive(Debug)]
pub(in crate::snapshot) struct PodsByNode(HashMap<Text, Vec<Arc<Pod>>, RandomState>);

impl PodsByNode {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_node = Self(HashMap::default());
        tables.pods.iter().for_each(|pod| by_node.put(pod));
        by_node
    }

    pub(super) fn put(&mut self, pod: &Arc<Pod>) {
        if pod.is_scheduled() {
            let list = self.0.entry(pod.node_name.clone()).or_default();
            put(list, pod, by_name);
        }
    }

    pub(super) fn take(&mut self, pod: &Arc<Pod>) {
        take(&mut self.0, &pod.node_name, pod, by_name);
    }

    /// The pods on a node, by namespace and name.
    pub(in crate::snapshot) fn on(&self, node: &str) -> &[Arc<Pod>] {
        self.0.get(node).map_or(&[], Vec::as_slice)
    }
}
