//! What a PodDisruptionBudget allows at best, and which pods it is about.

use std::collections::BTreeSet;

use crate::kubernetes::{Event, IntOrString, Node, Object, Pod, PodDisruptionBudget};
use crate::model::{Evidence, has_word};
use crate::snapshot::Cluster;

/// Whether the budget could not allow a single eviction even if all of its pods were healthy.
pub(super) fn never_allows(budget: &PodDisruptionBudget) -> bool {
    let expected = budget.status.expected_pods;
    if expected == 0 {
        return false;
    }
    if let Some(most) = &budget.spec.max_unavailable {
        return count(most, expected) == Some(0);
    }
    budget
        .spec
        .min_available
        .as_ref()
        .and_then(|least| count(least, expected))
        .is_some_and(|least| least >= expected)
}

/// Whether the budget says by itself that no pod may go, however many there are.
pub(super) fn forbids_all(budget: &PodDisruptionBudget) -> bool {
    let says = |value: &Option<IntOrString>, number: Option<i64>, percent: i64| {
        value.as_ref().is_some_and(|value| match value {
            IntOrString::Int(known) => Some(*known) == number,
            IntOrString::String(_) => value.percent() == Some(percent),
        })
    };
    says(&budget.spec.max_unavailable, Some(0), 0) || says(&budget.spec.min_available, None, 100)
}

/// A number, or a share of the pods rounded up, as the controller does for both fields.
fn count(value: &IntOrString, expected: i64) -> Option<i64> {
    match value {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(text) => match value.percent() {
            Some(percent) => Some(percent.saturating_mul(expected).saturating_add(99) / 100),
            None => text.parse().ok(),
        },
    }
}

/// What the budget asks for, in words: `minAvailable: 2`.
pub(super) fn demand(budget: &PodDisruptionBudget) -> (&'static str, String) {
    match (&budget.spec.max_unavailable, &budget.spec.min_available) {
        (Some(most), _) => ("spec.maxUnavailable", most.to_string()),
        (None, Some(least)) => ("spec.minAvailable", least.to_string()),
        (None, None) => ("spec.maxUnavailable", "not set".to_owned()),
    }
}

/// The live pods that the budget protects.
pub(super) fn protected<'a>(
    cluster: &Cluster<'a>,
    budget: &'a PodDisruptionBudget,
) -> Vec<&'a Pod> {
    let Some(selector) = &budget.spec.selector else {
        return Vec::new();
    };
    cluster
        .pods_selected(&budget.metadata.namespace, selector)
        .filter(|pod| pod.is_live())
        .collect()
}

/// The nodes that let no new pod in and still hold some of these pods: someone waits for them to empty.
pub(super) fn draining_nodes<'a>(cluster: &Cluster<'a>, pods: &[&Pod]) -> Vec<&'a Node> {
    let names: BTreeSet<&str> = pods
        .iter()
        .filter(|pod| pod.is_scheduled())
        .map(|pod| pod.node_name.as_str())
        .collect();
    names
        .into_iter()
        .filter_map(|name| cluster.get::<Node>("", name))
        .filter(|node| is_draining(node))
        .collect()
}

/// Taints by which an autoscaler says that it empties a node.
const DRAINED_BY: [&str; 3] = [
    "ToBeDeletedByClusterAutoscaler",
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
];

fn is_draining(node: &Node) -> bool {
    node.spec.unschedulable || node.metadata.is_terminating() || draining_taint(node).is_some()
}

fn draining_taint(node: &Node) -> Option<&str> {
    node.spec
        .taints
        .iter()
        .map(|taint| taint.key.as_str())
        .find(|key| DRAINED_BY.contains(key))
}

/// What shows that a node is to be emptied: its taint, its deletion, or that it is closed to new pods.
pub(super) fn drain_proof(node: &Node) -> Evidence {
    let own = node.reference();
    if let Some(taint) = draining_taint(node) {
        return Evidence::field(own, "spec.taints", taint);
    }
    match node.metadata.deletion_timestamp {
        Some(since) if !node.spec.unschedulable => {
            Evidence::field(own, "metadata.deletionTimestamp", since).at(Some(since))
        }
        _ => Evidence::field(own, "spec.unschedulable", true),
    }
}

/// The newest warning about the node that names one of its pods of the budget: whoever drains it says there that the
/// eviction was refused.
pub(super) fn refused_eviction<'a>(
    cluster: &Cluster<'a>,
    node: &'a Node,
    pods: &[&Pod],
) -> Option<&'a Event> {
    let names_one = |event: &Event| {
        let mut there = pods
            .iter()
            .filter(|pod| pod.node_name == node.metadata.name);
        there.any(|pod| has_word(&event.message, &pod.metadata.name))
    };
    cluster
        .events_of(node)
        .rfind(|event| event.is_warning() && names_one(event))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(spec: &str, expected: i64) -> PodDisruptionBudget {
        let text = format!(r#"{{"spec":{spec},"status":{{"expectedPods":{expected}}}}}"#);
        serde_json::from_str(&text).expect("a budget")
    }

    #[test]
    fn shares_are_rounded_up_as_the_controller_does() {
        let cases = [
            (r#"{"maxUnavailable":0}"#, 3, true),
            (r#"{"maxUnavailable":"0%"}"#, 3, true),
            (r#"{"maxUnavailable":"1%"}"#, 3, false),
            (r#"{"maxUnavailable":1}"#, 3, false),
            (r#"{"minAvailable":3}"#, 3, true),
            (r#"{"minAvailable":2}"#, 3, false),
            (r#"{"minAvailable":"100%"}"#, 3, true),
            (r#"{"minAvailable":"90%"}"#, 3, true),
            (r#"{"minAvailable":"50%"}"#, 3, false),
            (r#"{"minAvailable":3}"#, 0, false),
        ];
        for (spec, expected, never) in cases {
            assert_eq!(never_allows(&budget(spec, expected)), never, "{spec}");
        }
    }
}
