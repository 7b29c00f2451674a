//! How objects hang together, one relation a file. Built once per picture, when first asked for.
//!
//! ```text
//! Pod ──owner──> ReplicaSet ──owner──> Deployment
//!  │ └─node──> Node        Event ──about──> any object
//!  └──selected by──> Service <──of── EndpointSlice
//! ```

mod bare_pods;
mod events;
mod events_by_trait;
mod owners;
mod pods_by_label;
mod pods_by_node;
mod pods_by_trait;
mod short;
mod slices;
mod sorted;
mod unobserved;
mod unplaced;

pub(super) use bare_pods::BarePods;
pub(super) use events::EventsByObject;
pub use events_by_trait::EventTrait;
pub(super) use events_by_trait::EventsByTrait;
pub(super) use owners::Owners;
pub(super) use pods_by_label::PodsByLabel;
pub(super) use pods_by_node::PodsByNode;
pub use pods_by_trait::PodTrait;
pub(super) use pods_by_trait::PodsByTrait;
pub(super) use short::{Short, is_short_of};
pub(super) use slices::{SlicesByService, service_of};
pub(super) use unobserved::{Unobserved, is_unobserved};
pub(super) use unplaced::{UnplacedByOwner, owner_of};

use crate::kubernetes::{AnyObject, Tables};

/// All relations that are looked up backwards.
#[derive(Debug)]
pub(super) struct Relations {
    pub(super) bare_pods: BarePods,
    pub(super) events: EventsByObject,
    pub(super) owners: Owners,
    pub(super) pods_by_label: PodsByLabel,
    pub(super) pods_by_node: PodsByNode,
    pub(super) pods_by_trait: PodsByTrait,
    pub(super) events_by_trait: EventsByTrait,
    pub(super) short: Short,
    pub(super) slices: SlicesByService,
    pub(super) unobserved: Unobserved,
    pub(super) unplaced: UnplacedByOwner,
}

impl Relations {
    pub(super) fn of(tables: &Tables) -> Self {
        Self {
            bare_pods: BarePods::of(tables),
            events: EventsByObject::of(tables),
            owners: Owners::of(tables),
            pods_by_label: PodsByLabel::of(tables),
            pods_by_node: PodsByNode::of(tables),
            pods_by_trait: PodsByTrait::of(tables),
            events_by_trait: EventsByTrait::of(tables),
            short: Short::of(tables),
            slices: SlicesByService::of(tables),
            unobserved: Unobserved::of(tables),
            unplaced: UnplacedByOwner::of(tables),
        }
    }

    /// Takes in an object that has just come into the tables.
    pub(super) fn put(&mut self, object: &AnyObject) {
        self.owners.put(object);
        self.short.put(object);
        match object {
            AnyObject::Pod(pod) => {
                self.bare_pods.put(pod);
                self.pods_by_label.put(pod);
                self.pods_by_node.put(pod);
                self.pods_by_trait.put(pod);
                self.unplaced.put(pod);
            }
            AnyObject::Event(event) => {
                self.events.put(event);
                self.events_by_trait.put(event);
            }
            AnyObject::EndpointSlice(slice) => self.slices.put(slice),
            AnyObject::Deployment(deployment) => self.unobserved.put(deployment),
            _ => {}
        }
    }

    /// Forgets an object that is in the tables no more.
    pub(super) fn take(&mut self, object: &AnyObject, tables: &Tables) {
        self.owners.take(object);
        self.short.take(object);
        match object {
            AnyObject::Pod(pod) => {
                self.bare_pods.take(pod);
                self.pods_by_label.take(pod);
                self.pods_by_node.take(pod);
                self.pods_by_trait.take(pod);
                self.unplaced.take(pod);
            }
            AnyObject::Event(event) => {
                self.events.take(event, tables);
                self.events_by_trait.take(event);
            }
            AnyObject::EndpointSlice(slice) => self.slices.take(slice),
            AnyObject::Deployment(deployment) => self.unobserved.take(deployment),
            _ => {}
        }
    }
}
