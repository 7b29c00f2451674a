//! How evenly pods must lie over the places of a topology.

use std::collections::BTreeMap;

use crate::kubernetes::{Node, Pod, TopologySpreadConstraint};
use crate::snapshot::Cluster;

/// A constraint that must hold, with the pods that lie in each place now.
#[derive(Debug)]
pub(super) struct Spread<'a> {
    pub(super) constraint: &'a TopologySpreadConstraint,
    /// Pods by value of the topology key; places without any among them.
    pub(super) counts: BTreeMap<&'a str, i64>,
    /// Nodes that the pod could otherwise use and that have no label of the topology key.
    pub(super) without_key: Vec<&'a str>,
    counts_itself: bool,
}

impl Spread<'_> {
    /// Whether one more pod on the node keeps the skew.
    pub(super) fn allows(&self, node: &Node) -> bool {
        let Some(count) = node
            .metadata
            .labels
            .value(&self.constraint.topology_key)
            .and_then(|value| self.counts.get(value))
        else {
            return false;
        };
        let skew = count + i64::from(self.counts_itself) - self.least();
        skew <= self.constraint.max_skew.max(1)
    }

    /// The fewest pods in any place; none while there are fewer places than asked for.
    pub(super) fn least(&self) -> i64 {
        if self.is_short_of_places() {
            return 0;
        }
        self.counts.values().copied().min().unwrap_or(0)
    }

    /// Whether there are fewer places than `minDomains`.
    pub(super) fn is_short_of_places(&self) -> bool {
        let places = i64::try_from(self.counts.len()).unwrap_or(i64::MAX);
        self.constraint
            .min_domains
            .is_some_and(|least| places < least)
    }

    /// `eu-a: 2, eu-b: 1`.
    pub(super) fn counted(&self) -> String {
        self.counts
            .iter()
            .map(|(place, count)| format!("{place}: {count}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The constraints of a pod that must hold, counted over the nodes that it may use.
///
/// Source: plugin PodTopologySpread; node affinity is honored and taints are ignored unless the
/// constraint says otherwise.
pub(super) fn constraints<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Vec<Spread<'a>> {
    pod.spec
        .topology_spread_constraints
        .iter()
        .filter(|constraint| constraint.when_unsatisfiable != "ScheduleAnyway")
        .map(|constraint| Spread {
            constraint,
            counts: counts(cluster, pod, constraint),
            without_key: without_key(cluster, pod, &constraint.topology_key),
            counts_itself: matches(constraint, pod, pod),
        })
        .collect()
}

fn counts<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    constraint: &'a TopologySpreadConstraint,
) -> BTreeMap<&'a str, i64> {
    let keys: Vec<&str> = pod
        .spec
        .topology_spread_constraints
        .iter()
        .filter(|other| other.when_unsatisfiable != "ScheduleAnyway")
        .map(|other| other.topology_key.as_str())
        .collect();
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for node in cluster.all::<Node>() {
        let labels = &node.metadata.labels;
        let by_affinity =
            constraint.node_affinity_policy == "Ignore" || pod.spec.selects_node(node);
        let by_taints = constraint.node_taints_policy != "Honor"
            || pod.spec.untolerated_taints(node).is_empty();
        if !by_affinity || !by_taints || !keys.iter().all(|key| labels.contains_key(key)) {
            continue;
        }
        if let Some(place) = labels.value(&constraint.topology_key) {
            let here = cluster
                .pods_on(&node.metadata.name)
                .filter(|other| other.metadata.namespace == pod.metadata.namespace)
                .filter(|other| other.is_live() && matches(constraint, pod, other))
                .count();
            *counts.entry(place).or_default() += i64::try_from(here).unwrap_or(i64::MAX);
        }
    }
    counts
}

fn without_key<'a>(cluster: &Cluster<'a>, pod: &'a Pod, key: &str) -> Vec<&'a str> {
    cluster
        .all::<Node>()
        .filter(|node| !node.metadata.labels.contains_key(key))
        .filter(|node| pod.spec.selects_node(node) && pod.spec.untolerated_taints(node).is_empty())
        .map(|node| node.metadata.name.as_str())
        .collect()
}

fn matches(constraint: &TopologySpreadConstraint, pod: &Pod, other: &Pod) -> bool {
    let by_selector = constraint
        .label_selector
        .as_ref()
        .is_some_and(|selector| selector.matches(&other.metadata.labels));
    by_selector
        && constraint
            .match_label_keys
            .iter()
            .all(|key| pod.metadata.labels.get(key) == other.metadata.labels.get(key))
}
