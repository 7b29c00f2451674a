use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::kubernetes::{LabelSelector, Labels, Pod, Tables, Text};

/// Pods by namespace and label pair, so that a selector looks at its rarest pair only.
#[derive(Debug)]
pub(in crate::snapshot) struct PodsByLabel {
    pairs: HashMap<(Text, Text, Text), Vec<Arc<Pod>>, RandomState>,
    namespaces: HashMap<Text, Vec<Arc<Pod>>, RandomState>,
}

impl PodsByLabel {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut pairs: HashMap<_, Vec<Arc<Pod>>, RandomState> = HashMap::default();
        let mut namespaces: HashMap<Text, Vec<Arc<Pod>>, RandomState> = HashMap::default();
        for pod in tables.pods.iter() {
            let namespace = &pod.metadata.namespace;
            for (key, value) in pod.metadata.labels.iter() {
                pairs
                    .entry((namespace.clone(), key.clone(), value.clone()))
                    .or_default()
                    .push(Arc::clone(pod));
            }
            namespaces
                .entry(namespace.clone())
                .or_default()
                .push(Arc::clone(pod));
        }
        Self { pairs, namespaces }
    }

    /// The pods of the namespace whose labels hold every pair; all of them for no pair.
    pub(in crate::snapshot) fn with_labels<'a>(
        &'a self,
        namespace: &str,
        labels: &'a Labels,
    ) -> impl Iterator<Item = &'a Pod> + use<'a> {
        self.candidates(namespace, labels)
            .iter()
            .map(|pod| &**pod)
            .filter(move |pod| {
                labels
                    .iter()
                    .all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
            })
    }

    /// The pods of the namespace that the selector matches.
    pub(in crate::snapshot) fn selected<'a>(
        &'a self,
        namespace: &str,
        selector: &'a LabelSelector,
    ) -> impl Iterator<Item = &'a Pod> + use<'a> {
        self.candidates(namespace, &selector.match_labels)
            .iter()
            .map(|pod| &**pod)
            .filter(move |pod| selector.matches(&pod.metadata.labels))
    }

    fn candidates(&self, namespace: &str, labels: &Labels) -> &[Arc<Pod>] {
        let Some((namespace, all)) = self.namespaces.get_key_value(namespace) else {
            return &[];
        };
        let rarest = labels
            .iter()
            .map(|(key, value)| {
                self.pairs
                    .get(&(namespace.clone(), key.clone(), value.clone()))
                    .map_or(&[] as &[_], Vec::as_slice)
            })
            .min_by_key(|pods| pods.len());
        rarest.unwrap_or(all)
    }
}
