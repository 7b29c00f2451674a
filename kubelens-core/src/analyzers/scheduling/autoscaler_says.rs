use super::unscheduled::{declined, promised};
use crate::analysis::event_evidence;
use crate::kubernetes::{Event, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

/// What the node autoscaler said last of a pod that finds no room, as far as it changes what is to be done.
#[derive(Debug, Clone, Copy)]
pub(super) enum AutoscalerSays<'a> {
    /// It makes a node for it.
    NodeComes(&'a Event),
    /// A node group would fit and may not grow.
    GroupIsFull(&'a Event),
    /// Something else, or nothing.
    NothingOfUse,
}

impl<'a> AutoscalerSays<'a> {
    pub(super) fn of(cluster: &Cluster<'a>, pod: &'a Pod) -> Self {
        let full = |event: &&Event| event.message.contains("max node group size reached");
        match (promised(cluster, pod), declined(cluster, pod).filter(full)) {
            (Some(event), _) => Self::NodeComes(event),
            (None, Some(event)) => Self::GroupIsFull(event),
            (None, None) => Self::NothingOfUse,
        }
    }

    /// Its words.
    pub(super) fn evidence(self) -> Option<Evidence> {
        match self {
            Self::NodeComes(event) | Self::GroupIsFull(event) => Some(event_evidence(event)),
            Self::NothingOfUse => None,
        }
    }
}
