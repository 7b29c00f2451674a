//! Rules of pods about which other pods may be near.

use std::collections::BTreeSet;

use crate::kubernetes::{Namespace, Node, Pod, PodAffinity, PodAffinityTerm};
use crate::snapshot::Cluster;

/// Required terms with the places in which matching pods run.
#[derive(Debug)]
pub(super) struct TermPlaces<'a> {
    pub(super) term: &'a PodAffinityTerm,
    /// Values of the topology key.
    pub(super) values: BTreeSet<&'a str>,
    /// Pods that match, wherever they are.
    pub(super) pods: Vec<&'a Pod>,
}

impl TermPlaces<'_> {
    /// Whether the node lies in one of the places.
    pub(super) fn hold(&self, node: &Node) -> bool {
        node.metadata
            .labels
            .value(&self.term.topology_key)
            .is_some_and(|value| self.values.contains(value))
    }
}

impl<'a> TermPlaces<'a> {
    /// The pods that match and run in the same place as the node.
    pub(super) fn in_the_place_of(
        &self,
        cluster: &Cluster<'a>,
        node: &Node,
    ) -> impl Iterator<Item = &'a Pod> {
        let key = &self.term.topology_key;
        let place = node.metadata.labels.value(key);
        let pods = self.pods.iter().copied();
        pods.filter(move |other| {
            let home = cluster.get::<Node>("", &other.node_name);
            let home = home.and_then(|home| home.metadata.labels.value(key));
            home.is_some() && home == place
        })
    }
}

/// The required terms of affinity of a pod.
pub(super) fn affinity<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Vec<TermPlaces<'a>> {
    let affinity = pod.spec.affinity.as_ref();
    places(
        cluster,
        pod,
        affinity.and_then(|all| all.pod_affinity.as_ref()),
    )
}

/// The required terms of anti-affinity of a pod.
pub(super) fn anti_affinity<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Vec<TermPlaces<'a>> {
    let affinity = pod.spec.affinity.as_ref();
    places(
        cluster,
        pod,
        affinity.and_then(|all| all.pod_anti_affinity.as_ref()),
    )
}

/// Whether the pod itself meets the term: the first pod of a group that wants its like is let in.
pub(super) fn is_own(cluster: &Cluster<'_>, pod: &Pod, term: &PodAffinityTerm) -> bool {
    meant_namespaces(cluster, pod, term).contains(&pod.metadata.namespace.to_string())
        && matches(term, pod)
}

/// The pods on a node that do not want this pod near, each with its rule.
pub(super) fn refusals<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    node: &Node,
) -> Vec<(&'a Pod, &'a PodAffinityTerm)> {
    let mut found = Vec::new();
    for other in cluster.all::<Pod>().filter(|other| is_placed(other)) {
        let Some(rules) = other
            .spec
            .affinity
            .as_ref()
            .and_then(|all| all.pod_anti_affinity.as_ref())
        else {
            continue;
        };
        let Some(home) = cluster.get::<Node>("", &other.node_name) else {
            continue;
        };
        for term in &rules.required {
            let near = home
                .metadata
                .labels
                .get(&term.topology_key)
                .is_some_and(|value| node.metadata.labels.get(&term.topology_key) == Some(value));
            if near && is_own_of(cluster, other, term, pod) {
                found.push((other, term));
            }
        }
    }
    found
}

fn is_own_of(cluster: &Cluster<'_>, owner: &Pod, term: &PodAffinityTerm, pod: &Pod) -> bool {
    matches(term, pod)
        && meant_namespaces(cluster, owner, term).contains(&pod.metadata.namespace.to_string())
}

fn places<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    rules: Option<&'a PodAffinity>,
) -> Vec<TermPlaces<'a>> {
    let Some(rules) = rules else {
        return Vec::new();
    };
    rules
        .required
        .iter()
        .map(|term| {
            let pods: Vec<&Pod> = matching_pods(cluster, pod, term);
            let values = pods
                .iter()
                .filter_map(|other| cluster.get::<Node>("", &other.node_name))
                .filter_map(|home| home.metadata.labels.value(&term.topology_key))
                .collect();
            TermPlaces { term, values, pods }
        })
        .collect()
}

fn matching_pods<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    term: &'a PodAffinityTerm,
) -> Vec<&'a Pod> {
    let Some(selector) = &term.label_selector else {
        return Vec::new();
    };
    meant_namespaces(cluster, pod, term)
        .iter()
        .flat_map(|namespace| cluster.pods_selected(namespace, selector))
        .filter(|other| is_placed(other))
        .collect()
}

fn matches(term: &PodAffinityTerm, pod: &Pod) -> bool {
    term.label_selector
        .as_ref()
        .is_some_and(|selector| selector.matches(&pod.metadata.labels))
}

fn is_placed(pod: &Pod) -> bool {
    pod.is_scheduled() && !pod.is_finished()
}

/// The namespaces that a term of a pod looks at: named ones, selected ones, else the pod's own.
pub(super) fn meant_namespaces(
    cluster: &Cluster<'_>,
    pod: &Pod,
    term: &PodAffinityTerm,
) -> Vec<String> {
    let mut all: Vec<String> = term.namespaces.iter().map(ToString::to_string).collect();
    match &term.namespace_selector {
        None if all.is_empty() => all.push(pod.metadata.namespace.to_string()),
        None => {}
        Some(selector) if selector.is_empty() => all.extend(cluster.all_namespaces()),
        Some(selector) => all.extend(
            cluster
                .all::<Namespace>()
                .filter(|namespace| selector.matches(&namespace.metadata.labels))
                .map(|namespace| namespace.metadata.name.to_string()),
        ),
    }
    all.sort();
    all.dedup();
    all
}
