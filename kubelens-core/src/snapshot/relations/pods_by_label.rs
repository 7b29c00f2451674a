use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::sorted::{by_name, put, take};
use crate::kubernetes::{LabelSelector, Labels, Pod, Tables, Text};

/// Pods by namespace and label pair, so that a selector looks at its rarest pair only.
#[derive(Debug)]
pub(in crate::snapshot) struct PodsByLabel {
    pairs: HashMap<(Text, Text, Text), Vec<Arc<Pod>>, RandomState>,
    namespaces: HashMap<Text, Vec<Arc<Pod>>, RandomState>,
}

impl PodsByLabel {
    pub(super) fn of(tables: &Tables) -> Self {
        let mut by_label = Self {
            pairs: HashMap::default(),
            namespaces: HashMap::default(),
        };
        tables.pods.iter().for_each(|pod| by_label.put(pod));
        by_label
    }

    pub(super) fn put(&mut self, pod: &Arc<Pod>) {
        let namespace = &pod.metadata.namespace;
        for (key, value) in pod.metadata.labels.iter() {
            let pair = (namespace.clone(), key.clone(), value.clone());
            put(self.pairs.entry(pair).or_default(), pod, by_name);
        }
        let all = self.namespaces.entry(namespace.clone()).or_default();
        put(all, pod, by_name);
    }

    pub(super) fn take(&mut self, pod: &Arc<Pod>) {
        let namespace = &pod.metadata.namespace;
        for (key, value) in pod.metadata.labels.iter() {
            let pair = (namespace.clone(), key.clone(), value.clone());
            take(&mut self.pairs, &pair, pod, by_name);
        }
        take(&mut self.namespaces, namespace, pod, by_name);
    }

    /// The pair of the labels that the fewest pods of the namespace carry.
    pub(in crate::snapshot) fn rarest<'l>(
        &self,
        namespace: &str,
        labels: &'l Labels,
    ) -> Option<(&'l Text, &'l Text)> {
        let namespace = self
            .namespaces
            .get_key_value(namespace)
            .map(|(name, _)| name);
        labels.iter().min_by_key(|(key, value)| {
            let pair = namespace.map(|name| (name.clone(), (*key).clone(), (*value).clone()));
            pair.and_then(|pair| self.pairs.get(&pair))
                .map_or(0, Vec::len)
        })
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
            .filter(move |pod| pod.metadata.labels.holds(labels))
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
