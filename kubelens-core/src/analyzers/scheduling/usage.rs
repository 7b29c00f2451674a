//! What the pods on each node have asked for, and what that leaves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::kubernetes::{Kind, Node, Pod, Resources, Text};
use crate::model::Quantity;
use crate::snapshot::{Cluster, Digest};

/// What is asked for on every node.
#[derive(Debug, Default)]
pub(in crate::analyzers) struct Usage {
    requested: HashMap<Text, Arc<OnNode>>,
    /// Whether all pods of the cluster are known, so that what is left is certain.
    pub(in crate::analyzers) is_complete: bool,
}

/// A request that a node cannot meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shortage {
    pub(super) resource: String,
    pub(super) wanted: Quantity,
    pub(super) free: Quantity,
    pub(super) allocatable: Quantity,
}

/// What the pods on one node have asked for. A pod that comes where another went mostly changes nothing.
#[derive(Debug, Default, PartialEq)]
struct OnNode(BTreeMap<String, Quantity>);

impl Digest for OnNode {
    fn of(cluster: &Cluster<'_>, node: &str) -> Self {
        let mut sums = BTreeMap::new();
        let pods = cluster.holders_of_room_on(node);
        for pod in pods.filter(|pod| !pod.is_finished()) {
            for (resource, amount) in pod.spec.effective_requests().iter() {
                add(&mut sums, resource, *amount);
            }
            add(&mut sums, "pods", Quantity::from_units(1));
        }
        Self(sums)
    }
}

impl Usage {
    /// Sums up the effective requests of the pods that hold a node.
    pub(in crate::analyzers) fn of(cluster: &Cluster<'_>) -> Self {
        let nodes = cluster.nodes_but_heartbeats().map(|node| {
            let name = &node.metadata.name;
            (name.clone(), cluster.digest_about::<OnNode>(name))
        });
        Self {
            requested: nodes.collect(),
            is_complete: cluster.is_complete(Kind::Pod, ""),
        }
    }

    /// What of a resource no pod on the node has asked for.
    pub(in crate::analyzers) fn free(&self, node: &Node, resource: &str) -> Quantity {
        let taken = self
            .requested
            .get(node.metadata.name.as_str())
            .and_then(|sums| sums.0.get(resource))
            .copied()
            .unwrap_or_default();
        allocatable(node, resource).minus(taken)
    }

    /// The requests of a pod that the node cannot meet.
    pub(super) fn shortages(&self, wanted: &Resources, node: &Node) -> Vec<Shortage> {
        let one_pod = Quantity::from_units(1);
        wanted
            .iter()
            .map(|(resource, amount)| (resource.as_str(), *amount))
            .chain(std::iter::once(("pods", one_pod)))
            .filter(|(resource, amount)| !amount.is_zero() && is_counted(node, resource))
            .filter_map(|(resource, amount)| {
                let free = self.free(node, resource);
                (amount > free).then(|| Shortage {
                    resource: resource.to_owned(),
                    wanted: amount,
                    free,
                    allocatable: allocatable(node, resource),
                })
            })
            .collect()
    }
}

/// What the node offers of a resource.
pub(in crate::analyzers) fn allocatable(node: &Node, resource: &str) -> Quantity {
    node.status
        .allocatable
        .get(resource)
        .copied()
        .unwrap_or_default()
}

/// What a device plugin or huge pages offer, unlike what every node has.
pub(super) fn is_extended(resource: &str) -> bool {
    !matches!(resource, "cpu" | "memory" | "ephemeral-storage" | "pods")
}

/// A node that does not say how much it has of what every node has, is not short of it.
fn is_counted(node: &Node, resource: &str) -> bool {
    is_extended(resource) || node.status.allocatable.contains_key(resource)
}

fn add(sums: &mut BTreeMap<String, Quantity>, resource: &str, amount: Quantity) {
    if let Some(sum) = sums.get_mut(resource) {
        *sum = sum.plus(amount);
    } else {
        sums.insert(resource.to_owned(), amount);
    }
}

/// The pods on a node, its finished ones aside, that ask for most of a resource: the largest first.
pub(super) fn biggest_on<'a>(
    cluster: &Cluster<'a>,
    node: &Node,
    resource: &str,
) -> Vec<(&'a Pod, Quantity)> {
    let mut all: Vec<(&Pod, Quantity)> = cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| !pod.is_finished())
        .filter_map(|pod| {
            let amount = *pod.spec.effective_requests().get(resource)?;
            (!amount.is_zero()).then_some((pod, amount))
        })
        .collect();
    all.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.metadata.name.cmp(&b.metadata.name)));
    all
}
