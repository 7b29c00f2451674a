use kubelens_core::kubernetes::{Node, NodeMetrics, Pod};
use serde::Serialize;

use super::node_status;
use crate::api::text::{UNKNOWN, percent};
use crate::live::Picture;

/// Counts over a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Stats {
    /// Its pods.
    pub pods: PodCounts,
    /// Its nodes.
    pub nodes: NodeCounts,
    /// What its nodes use.
    pub cluster: ClusterUse,
}

/// Pods by phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PodCounts {
    /// All.
    pub total: usize,
    /// Running.
    pub running: usize,
    /// Pending.
    pub pending: usize,
    /// Failed.
    pub failed: usize,
}

/// Nodes by readiness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeCounts {
    /// All.
    pub total: usize,
    /// Ready.
    pub ready: usize,
    /// All others.
    pub not_ready: usize,
}

/// The mean of what nodes use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClusterUse {
    /// `34%`, or `N/A`.
    pub cpu: String,
    /// `58%`, or `N/A`.
    pub memory: String,
    /// `22%`, or `N/A`.
    pub storage: String,
}

/// The counts over a picture.
pub fn stats_of(picture: &Picture) -> Stats {
    let pods = picture.snapshot.table::<Pod>();
    let phase = |wanted: &str| pods.iter().filter(|pod| pod.status.phase == wanted).count();
    let nodes = picture.snapshot.table::<Node>();
    let ready = nodes
        .iter()
        .filter(|node| node_status(node) == "Ready")
        .count();
    let total = nodes.iter().count();
    Stats {
        pods: PodCounts {
            total: pods.iter().count(),
            running: phase("Running"),
            pending: phase("Pending"),
            failed: phase("Failed"),
        },
        nodes: NodeCounts {
            total,
            ready,
            not_ready: total - ready,
        },
        cluster: ClusterUse {
            cpu: percent(mean(picture, "cpu")),
            memory: percent(mean(picture, "memory")),
            // Metrics say nothing of what volumes hold.
            storage: UNKNOWN.to_owned(),
        },
    }
}

fn mean(picture: &Picture, resource: &str) -> Option<i64> {
    let nodes = picture.snapshot.table::<Node>();
    let samples = picture.snapshot.table::<NodeMetrics>().iter();
    let shares: Vec<i64> = samples
        .filter_map(|sample| {
            crate::live::percent(nodes.get("", &sample.metadata.name)?, sample, resource)
        })
        .collect();
    let count = i64::try_from(shares.len())
        .ok()
        .filter(|count| *count > 0)?;
    Some((shares.iter().sum::<i64>() * 2 + count) / (count * 2))
}
