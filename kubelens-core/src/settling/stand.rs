use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::kubernetes::{Kind, ObjectMeta};
use crate::model::CoverageState;
use crate::snapshot::{Cluster, Gap};

/// How a target stands at one instant, whatever was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stand {
    /// It is what its spec asks for.
    Current(Current),
    /// It is not yet; the text says what it waits for.
    InProgress(String),
    /// It has no status that converges: it stands well as long as the diagnosis has nothing critical about it.
    Diagnosed(Current),
    /// It ended badly, for good; the text says how.
    Failed(String),
    /// What it takes to know may not be read.
    Forbidden(String),
    /// What it takes to know could not be read.
    Unreadable(String),
    /// There is no such object.
    Absent,
}

/// A target that is what its spec asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Current {
    /// From when on that is trusted; none for at once.
    pub(super) stable_at: Option<Timestamp>,
    /// The uids of the pods that make it so.
    pub(super) pods: BTreeSet<String>,
    /// It reached an end that nothing takes back: a Job that completed.
    pub(super) is_final: bool,
    /// What is worth knowing about it, in one line.
    pub(super) note: String,
}

impl Stand {
    /// It is there, and that is all that is asked of it.
    pub(super) fn current(note: impl Into<String>) -> Self {
        Self::Current(Current {
            note: note.into(),
            ..Current::default()
        })
    }

    /// It ran to a good end.
    pub(super) fn finished(note: impl Into<String>) -> Self {
        Self::Current(Current {
            note: note.into(),
            is_final: true,
            ..Current::default()
        })
    }

    pub(super) fn waits(what: impl Into<String>) -> Self {
        Self::InProgress(what.into())
    }

    /// A kind could not be read in full.
    pub(super) fn unread(kind: Kind, gap: &Gap) -> Self {
        let detail = match (gap.state, gap.detail.is_empty()) {
            (CoverageState::Forbidden, _) => return Self::Forbidden(gap.detail.clone()),
            (_, true) => format!("{kind} objects of this namespace were not read"),
            (_, false) => format!("{kind} objects could not all be read: {}", gap.detail),
        };
        Self::Unreadable(detail)
    }
}

/// What keeps one from knowing, where one of these kinds could not be read in full.
pub(super) fn unread(cluster: &Cluster<'_>, kinds: &[Kind], namespace: &str) -> Option<Stand> {
    kinds
        .iter()
        .find_map(|kind| Some(Stand::unread(*kind, cluster.gap(*kind, namespace)?)))
}

/// What holds for every object: one that is being deleted is going, and a spec that its controller has not seen is
/// not applied yet.
pub(super) fn unobserved(meta: &ObjectMeta, observed: Option<i64>) -> Option<Stand> {
    if meta.is_terminating() {
        return Some(Stand::waits("it is being deleted"));
    }
    let generation = meta.generation?;
    let observed = observed.unwrap_or(0);
    (observed < generation).then(|| {
        Stand::waits(format!(
            "its controller has not seen generation {generation} yet (observed: {observed})"
        ))
    })
}
