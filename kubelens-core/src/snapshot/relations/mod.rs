//! How objects hang together, one relation a file. Built once per picture, when first asked for.
//!
//! ```text
//! Pod ──owner──> ReplicaSet ──owner──> Deployment
//!  │ └─node──> Node        Event ──about──> any object
//!  └──selected by──> Service <──of── EndpointSlice
//! ```

mod events;
mod owners;
mod pods_by_label;
mod pods_by_node;
mod slices;

pub(super) use events::EventsByObject;
pub(super) use owners::Owners;
pub(super) use pods_by_label::PodsByLabel;
pub(super) use pods_by_node::PodsByNode;
pub(super) use slices::SlicesByService;

use crate::kubernetes::Tables;

/// All relations that are looked up backwards.
#[derive(Debug)]
pub(super) struct Relations {
    pub(super) events: EventsByObject,
    pub(super) owners: Owners,
    pub(super) pods_by_label: PodsByLabel,
    pub(super) pods_by_node: PodsByNode,
    pub(super) slices: SlicesByService,
}

impl Relations {
    pub(super) fn of(tables: &Tables) -> Self {
        Self {
            events: EventsByObject::of(tables),
            owners: Owners::of(tables),
            pods_by_label: PodsByLabel::of(tables),
            pods_by_node: PodsByNode::of(tables),
            slices: SlicesByService::of(tables),
        }
    }
}
