//! What answers are made of, and how it is read from a picture.

mod diagnostics;
mod event;
mod node;
mod pod;
mod pod_detail;
pub mod pod_words;
mod resource;
mod stats;
mod system;

pub use diagnostics::{Diagnostics, Issue};
pub use event::{EventItem, event_of, events_about};
pub use node::{
    Address, Amounts, HistoryPoint, NodeCondition, NodeDetail, NodeItem, node_detail, node_of,
    node_status,
};
pub use pod::{OwnerItem, PodItem, pod_of};
pub use pod_detail::{PodDetail, pod_detail};
pub(crate) use resource::custom_row;
pub use resource::{ResourceItem, ResourceList, Row, row_of, rows};
pub use stats::{ClusterUse, NodeCounts, PodCounts, Stats, stats_of};
pub use system::{
    ActionResult, Build, Health, Metrics, RagCounts, Readyz, ReadyzCheck, RouteMetrics, Runtime,
};
