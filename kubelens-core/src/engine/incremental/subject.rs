use crate::kubernetes::{Kind, Text};

/// What is looked at at a time, and again when something changes that was asked for then.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// The picture, with the analyzer at this place.
    Whole(usize),
    /// The picture, with the rules of packs.
    Rules,
    /// The pods without a node of an owner, with all analyzers that look at such pods together.
    Unplaced { namespace: Text, owner: Text },
    /// An object, with all analyzers that walk through its kind.
    Object {
        kind: Kind,
        namespace: Text,
        name: Text,
    },
}

/// Where a walk over the whole picture comes by: by the walks of the analyzer; by namespace, kind of workload and
/// name; then in the order in which the analyzer spoke.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) walk: usize,
    pub(super) namespace: Text,
    pub(super) rank: usize,
    pub(super) name: Text,
    pub(super) number: usize,
}
