use glob::Pattern;

use super::{Cluster, Snapshot, Thresholds};
use crate::kubernetes::{LabelSelector, ObjectMeta};

/// What analyzers judge by in this cluster: thresholds, some of them for some objects only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tuning {
    /// The thresholds of everything else.
    pub thresholds: Thresholds,
    /// Thresholds of some objects; the first that matches counts.
    pub overrides: Vec<Override>,
    /// The registries that images may come from; none for any.
    pub registries: Vec<String>,
}

/// Thresholds of the objects in some namespaces, or with some labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The namespaces; none for all.
    pub namespaces: Vec<Pattern>,
    /// The labels; none for any.
    pub selector: Option<LabelSelector>,
    /// All thresholds, those that are not overridden too.
    pub thresholds: Thresholds,
}

impl Override {
    fn covers(&self, namespace: &str, meta: Option<&ObjectMeta>) -> bool {
        let is_in = self.namespaces.is_empty()
            || self
                .namespaces
                .iter()
                .any(|pattern| pattern.matches(namespace));
        let is_labelled = self
            .selector
            .as_ref()
            .is_none_or(|selector| meta.is_some_and(|meta| selector.matches(&meta.labels)));
        is_in && is_labelled
    }
}

impl Snapshot {
    /// The same picture, judged by these numbers.
    #[must_use]
    pub fn tuned(mut self, tuning: Tuning) -> Self {
        self.tuning = std::sync::Arc::new(tuning);
        // What was worked out may hang on the old ones.
        self.memo = std::sync::Arc::default();
        self
    }
}

impl<'a> Cluster<'a> {
    /// The thresholds that an object is judged by.
    pub fn thresholds(&self, meta: &ObjectMeta) -> &'a Thresholds {
        self.thresholds_of(&meta.namespace, Some(meta))
    }

    /// The thresholds of a namespace, for what is no object of the picture; of the cluster for an empty one.
    pub fn thresholds_in(&self, namespace: &str) -> &'a Thresholds {
        self.thresholds_of(namespace, None)
    }

    /// The registries that images may come from; none for any.
    pub fn registries(&self) -> &'a [String] {
        &self.snapshot.tuning.registries
    }

    fn thresholds_of(&self, namespace: &str, meta: Option<&ObjectMeta>) -> &'a Thresholds {
        let tuning = &self.snapshot.tuning;
        tuning
            .overrides
            .iter()
            .find(|entry| entry.covers(namespace, meta))
            .map_or(&tuning.thresholds, |entry| &entry.thresholds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::{Kind, Pod, Text};
    use crate::snapshot::example::picture;

    #[test]
    fn an_object_is_judged_by_the_first_override_that_covers_it() {
        let slow = Override {
            namespaces: vec![Pattern::new("batch-*").expect("a pattern")],
            selector: None,
            thresholds: Thresholds {
                pending_grace: 900,
                ..Thresholds::default()
            },
        };
        let labelled = Override {
            namespaces: Vec::new(),
            selector: Some(LabelSelector {
                match_labels: [(Text::new("tier"), Text::new("slow"))]
                    .into_iter()
                    .collect(),
                ..LabelSelector::default()
            }),
            thresholds: Thresholds {
                pending_grace: 300,
                ..Thresholds::default()
            },
        };
        let snapshot = picture(
            "
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: batch-1, labels: {tier: slow}}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: shop, labels: {tier: slow}}
---
apiVersion: v1
kind: Pod
metadata: {name: c, namespace: shop}
",
        )
        .tuned(Tuning {
            overrides: vec![slow, labelled],
            ..Tuning::default()
        });
        let cluster = Cluster::new(&snapshot);
        let graces: Vec<i64> = cluster
            .all::<Pod>()
            .map(|pod| cluster.thresholds(&pod.metadata).pending_grace)
            .collect();
        assert_eq!(graces, [900, 300, 60]);
        assert!(cluster.touched().contains(Kind::Pod));
    }
}
