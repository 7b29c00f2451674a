use super::unscheduled::{declined, is_failed_growth, promised};
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
    /// It wanted to make a node, and the cloud did not give it one.
    NodeFails(&'a Event),
    /// Something else, or nothing.
    NothingOfUse,
}

/// What to do where the cloud gives the node autoscaler no machine.
pub(super) const NO_MACHINE: &str = "Act on what the cloud says: raise the quota, or let the node group use another zone or type of machine";

impl<'a> AutoscalerSays<'a> {
    pub(super) fn of(cluster: &Cluster<'a>, pod: &'a Pod) -> Self {
        match (promised(cluster, pod), declined(cluster, pod)) {
            (Some(event), _) => Self::NodeComes(event),
            (None, Some(event)) if is_failed_growth(event) => Self::NodeFails(event),
            (None, Some(event)) if event.message.contains("max node group size reached") => {
                Self::GroupIsFull(event)
            }
            (None, _) => Self::NothingOfUse,
        }
    }

    /// Its words.
    pub(super) fn evidence(self) -> Option<Evidence> {
        match self {
            Self::NodeComes(event) | Self::GroupIsFull(event) | Self::NodeFails(event) => {
                Some(event_evidence(event))
            }
            Self::NothingOfUse => None,
        }
    }
}
