use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::kubernetes::{Pod, Tables, Text};

/// Pods by the node they were put on.
#[derive(Debug)]
pub(in crate::snapshot) struct PodsByNode(HashMap<Text, Vec<Arc<Pod>>, RandomState>);

impl PodsByNode {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_node: HashMap<Text, Vec<Arc<Pod>>, RandomState> = HashMap::default();
        for pod in tables.pods.iter().filter(|pod| pod.is_scheduled()) {
            by_node
                .entry(pod.node_name.clone())
                .or_default()
                .push(Arc::clone(pod));
        }
        Self(by_node)
    }

    /// The pods on a node, by namespace and name.
    pub(in crate::snapshot) fn on(&self, node: &str) -> &[Arc<Pod>] {
        self.0.get(node).map_or(&[], Vec::as_slice)
    }
}
