//! What nodes used lately: a short history of samples, never filled in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use kubelens_core::kubernetes::{Kind, Node, NodeMetrics};
use kubelens_core::snapshot::Snapshot;

/// How many samples of a node are kept.
const POINTS: usize = 31;

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When the sample ended.
    pub at: Timestamp,
    /// CPU in percent of what the node can give to pods.
    pub cpu_percent: i64,
}

/// Samples by node, oldest first. Cloning shares.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    nodes: Arc<BTreeMap<String, VecDeque<Point>>>,
}

impl Usage {
    /// The samples of a node, oldest first.
    pub fn of(&self, node: &str) -> impl Iterator<Item = &Point> {
        self.nodes.get(node).into_iter().flatten()
    }

    /// Takes in the samples of a picture that are newer than the known ones; forgets nodes that are gone.
    #[must_use]
    pub(super) fn with(&self, snapshot: &Snapshot) -> Self {
        let mut nodes = (*self.nodes).clone();
        nodes.retain(|name, _| snapshot.tables().metadata(Kind::Node, "", name).is_some());
        for sample in snapshot.table::<NodeMetrics>().iter() {
            let name = sample.metadata.name.as_str();
            let Some(node) = snapshot.table::<Node>().get("", name) else {
                continue;
            };
            let (Some(at), Some(cpu_percent)) = (sample.timestamp, percent(node, sample, "cpu"))
            else {
                continue;
            };
            let points = nodes.entry(name.to_owned()).or_default();
            if points.back().is_none_or(|last| last.at < at) {
                points.push_back(Point { at, cpu_percent });
                if points.len() > POINTS {
                    points.pop_front();
                }
            }
        }
        Self {
            nodes: Arc::new(nodes),
        }
    }
}

/// What a node uses of a resource in percent of what it can give to pods; none where one of both is not known.
pub(crate) fn percent(node: &Node, sample: &NodeMetrics, resource: &str) -> Option<i64> {
    let used = sample.usage.get(resource)?.as_f64();
    let whole = node.status.allocatable.get(resource)?.as_f64();
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a share in percent is a small number"
    )]
    (whole > 0.0).then(|| (used / whole * 100.0).round() as i64)
}
