//! One cause for a pod that waits: which of the family's conditions speaks.

use super::fit::{Blocker, NodeShortage};
use super::scheduler_message::ReasonKind as Said;
use super::unscheduled::Unscheduled;
use super::usage::is_extended;

/// The condition that speaks for a pod; exactly one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Gated,
    Claims,
    DeviceMissing,
    Devices,
    VolumeLimit,
    ExclusiveVolume,
    DriverMissing,
    VolumeTopology,
    Extended,
    TooLarge,
    Resources,
    HostPort,
    PodAffinity,
    Spread,
    Selector,
    Taint,
    NamedNode,
    NoUsableNode,
    Unknown,
}

impl Unscheduled<'_> {
    /// Which condition speaks for these pods.
    pub(super) fn verdict(&self) -> Verdict {
        if self.reason == "SchedulingGated" {
            return Verdict::Gated;
        }
        if let Some(verdict) = self.about_the_pod() {
            return verdict;
        }
        match &self.fit.blocker {
            Blocker::Selector { .. } => Verdict::Selector,
            Blocker::NamedNode { .. } => Verdict::NamedNode,
            Blocker::Taint { .. } => Verdict::Taint,
            // A node that may attach no more is left out before it is asked whether it reaches the volume.
            Blocker::Volume { .. } if self.is_about_counts() => self.by_words(),
            Blocker::Volume { .. } => Verdict::VolumeTopology,
            Blocker::NoUsableNode { .. } => Verdict::NoUsableNode,
            Blocker::HostPort { .. } => Verdict::HostPort,
            Blocker::AntiAffinity { .. } | Blocker::Affinity { .. } => Verdict::PodAffinity,
            Blocker::Spread { .. } => Verdict::Spread,
            Blocker::Resources { short } => self.of_resources(short),
            Blocker::Stated => self.by_words(),
        }
    }

    /// Reasons about the pod itself, which no node can change.
    fn about_the_pod(&self) -> Option<Verdict> {
        self.message
            .reasons
            .iter()
            .find_map(|reason| match reason.kind {
                Said::Gates | Said::Gang => Some(Verdict::Gated),
                Said::UnboundClaims
                | Said::ClaimMissing(_)
                | Said::ClaimDeleting(_)
                | Said::ClaimLost
                | Said::EphemeralClaim => Some(Verdict::Claims),
                Said::DeviceClass(_) | Said::DeviceClaimMissing => Some(Verdict::DeviceMissing),
                _ => None,
            })
    }

    /// Whether the scheduler speaks of how many volumes a node may attach, and not of where they are.
    fn is_about_counts(&self) -> bool {
        let says = |kinds: &[Said<'_>]| self.message.has(|kind| kinds.contains(&kind));
        says(&[Said::VolumeCount]) && !says(&[Said::VolumeNode, Said::NoVolume])
    }

    fn of_resources(&self, short: &[NodeShortage<'_>]) -> Verdict {
        if let Some(resource) = on_every_node(short).find(|resource| is_extended(resource)) {
            return self.unless_unsaid(resource);
        }
        if !too_large(short).is_empty() {
            return Verdict::TooLarge;
        }
        let is_known = short.iter().any(|node| !node.shortages.is_empty());
        if is_known {
            return Verdict::Resources;
        }
        self.by_words()
    }

    /// A shortage of a device counts if the scheduler says so, too.
    fn unless_unsaid(&self, resource: &str) -> Verdict {
        let is_said = self.message.reasons.is_empty()
            || self
                .message
                .has(|kind| kind == Said::Insufficient(resource));
        if is_said {
            Verdict::Extended
        } else {
            self.by_words()
        }
    }

    /// The most telling of the scheduler's own words.
    fn by_words(&self) -> Verdict {
        // Some nodes are where the volume is, and those have no room.
        let is_short = |kind: Said<'_>| matches!(kind, Said::Insufficient(_) | Said::TooManyPods);
        let has_no_room = self.message.has(is_short);
        self.message
            .reasons
            .iter()
            .filter(|reason| !(has_no_room && reason.kind == Said::VolumeNode))
            .map(|reason| of_words(reason.kind))
            .min_by_key(|(order, _)| *order)
            .map_or(Verdict::Unknown, |(_, verdict)| verdict)
    }
}

/// The verdict on a reason, and how near to the cause such a reason is: taints and selectors exclude
/// nodes by design more often than not.
fn of_words(said: Said<'_>) -> (u8, Verdict) {
    match said {
        Said::ExclusiveVolume => (0, Verdict::ExclusiveVolume),
        Said::DriverMissing(_) => (1, Verdict::DriverMissing),
        Said::VolumeCount | Said::FreeStorage => (2, Verdict::VolumeLimit),
        Said::NoVolume => (3, Verdict::Claims),
        Said::VolumeNode => (4, Verdict::VolumeTopology),
        Said::Devices => (5, Verdict::Devices),
        Said::Insufficient(resource) if is_extended(resource) => (6, Verdict::Extended),
        Said::Insufficient(_) | Said::TooManyPods => (7, Verdict::Resources),
        Said::Ports => (8, Verdict::HostPort),
        Said::AntiAffinity | Said::ExistingAntiAffinity | Said::Affinity => {
            (9, Verdict::PodAffinity)
        }
        Said::Spread => (10, Verdict::Spread),
        Said::NodeName => (11, Verdict::NamedNode),
        Said::Selector => (12, Verdict::Selector),
        Said::Taint(_) => (13, Verdict::Taint),
        Said::Unschedulable | Said::NoNodes => (14, Verdict::NoUsableNode),
        _ => (15, Verdict::Unknown),
    }
}

/// Resources that every node is short of.
pub(super) fn on_every_node<'s>(short: &'s [NodeShortage<'_>]) -> impl Iterator<Item = &'s str> {
    let (first, rest) = short
        .split_first()
        .map_or((None, short), |(first, rest)| (Some(first), rest));
    first
        .into_iter()
        .flat_map(|node| &node.shortages)
        .map(|shortage| shortage.resource.as_str())
        .filter(move |resource| {
            rest.iter().all(|node| {
                node.shortages
                    .iter()
                    .any(|shortage| shortage.resource == *resource)
            })
        })
}

/// Resources of which no node has as much, even if it were empty.
pub(super) fn too_large<'s>(short: &'s [NodeShortage<'_>]) -> Vec<&'s str> {
    on_every_node(short)
        .filter(|resource| *resource != "pods")
        .filter(|resource| {
            short.iter().all(|node| {
                node.shortages
                    .iter()
                    .filter(|shortage| shortage.resource == *resource)
                    .all(|shortage| shortage.wanted > shortage.allocatable)
            })
        })
        .collect()
}
