use std::collections::BTreeSet;

use jiff::Timestamp;
use kubelens_core::kubernetes::{Kind, group_of};
use kubelens_core::model::{Cause, KUBELENS_API_VERSION, ObjectRef, Severity};
use kubelens_core::snapshot::custom_kind;
use serde::{Deserialize, Serialize};

use crate::access::rights::Sight;

/// How the time of a cause came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// A report that could have had it did not.
    Recovered,
    /// The next report could not have had it: what it is read from could not be read.
    Unknown,
}

/// The time of one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Episode {
    /// The cause's fingerprint: the same in every report and every episode.
    pub id: String,
    /// The analyzer's code.
    pub code: String,
    /// How bad it was at its worst.
    #[schema(value_type = String)]
    pub severity: Severity,
    /// The fault in one line, as the last report put it.
    pub title: String,
    /// The object to change.
    #[schema(value_type = serde_json::Value)]
    pub subject: ObjectRef,
    /// How many objects suffered from it at most.
    pub affected: usize,
    /// When the fault itself began, as far as the cluster tells.
    #[schema(value_type = Option<String>)]
    pub first_seen: Option<Timestamp>,
    /// The time of the first report that had it.
    #[schema(value_type = String)]
    pub reported_from: Timestamp,
    /// The time of the last report that is known to have had it; none while it goes on.
    #[schema(value_type = Option<String>)]
    pub reported_until: Option<Timestamp>,
    /// The time of the first report without it; none while it goes on.
    #[schema(value_type = Option<String>)]
    pub ended_at: Option<Timestamp>,
    /// How it ended; none while it goes on.
    pub ending: Option<Ending>,
}

/// A time of which there is no report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unwatched {
    /// The last report before it.
    #[schema(value_type = String)]
    pub from: Timestamp,
    /// The first one after it.
    #[schema(value_type = String)]
    pub until: Timestamp,
}

/// What the history has of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    /// The time of a cause, and which kinds in which namespaces it speaks of.
    Cause {
        /// What is told of it.
        episode: Box<Episode>,
        /// Kind (`Kind.group` without a type here) and namespace of every object that it names.
        involved: BTreeSet<(String, String)>,
    },
    /// A time of which there is no report.
    Unwatched(Unwatched),
}

impl Entry {
    /// The entry of a cause that is new in a report of this time.
    pub(super) fn begun(cause: &Cause, at: Timestamp) -> Self {
        Self::Cause {
            episode: Box::new(Episode {
                id: cause.id.clone(),
                code: cause.code.clone(),
                severity: cause.severity,
                title: cause.title.clone(),
                subject: cause.subject.clone(),
                affected: cause.affected.len(),
                first_seen: cause.first_seen,
                reported_from: at,
                reported_until: None,
                ended_at: None,
                ending: None,
            }),
            involved: involved(cause),
        }
    }

    /// Takes in what a later report says of the cause; whether that changed anything.
    pub(super) fn goes_on(&mut self, cause: &Cause) -> bool {
        let Self::Cause {
            episode,
            involved: known,
        } = self
        else {
            return false;
        };
        let mut next = episode.clone();
        next.severity = next.severity.max(cause.severity);
        next.affected = next.affected.max(cause.affected.len());
        next.title.clone_from(&cause.title);
        let named = known.len();
        known.extend(involved(cause));
        let is_other = *episode != next || known.len() != named;
        *episode = next;
        is_other
    }

    /// The cause is in the reports no more.
    pub(super) fn ends(&mut self, until: Timestamp, at: Timestamp, how: Ending) {
        if let Self::Cause { episode, .. } = self {
            episode.reported_until = Some(until);
            episode.ended_at = Some(at);
            episode.ending = Some(how);
        }
    }

    /// Whether it goes on.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Cause { episode, .. } if episode.ending.is_none())
    }

    /// When it was over; none while it goes on.
    pub fn end(&self) -> Option<Timestamp> {
        match self {
            Self::Cause { episode, .. } => episode.ended_at,
            Self::Unwatched(gap) => Some(gap.until),
        }
    }

    /// When it began.
    pub fn begin(&self) -> Timestamp {
        match self {
            Self::Cause { episode, .. } => episode.reported_from,
            Self::Unwatched(gap) => gap.from,
        }
    }

    /// Whether somebody may hear of it: all that it speaks of must be theirs to see.
    pub fn is_for(&self, sight: &Sight) -> bool {
        match self {
            Self::Unwatched(_) => true,
            Self::Cause { involved, .. } => involved.iter().all(|(kind, namespace)| {
                let readable = match Kind::from_name(kind) {
                    Some(kind) => sight.of_kind(kind),
                    None => sight.of_custom(kind),
                };
                readable.shows(namespace)
            }),
        }
    }
}

/// Kind and namespace of every object that a cause names.
fn involved(cause: &Cause) -> BTreeSet<(String, String)> {
    let links = cause.chain.iter();
    let all = std::iter::once(&cause.subject)
        .chain(&cause.affected)
        .chain(links.flat_map(|link| [&link.cause, &link.effect]))
        .chain(cause.evidence.iter().map(|proof| &proof.object));
    // A zone or a host is nobody's object; what shows it is named too.
    all.filter(|object| object.api_version != KUBELENS_API_VERSION)
        .map(|object| {
            let kind = Kind::from_manifest(&object.api_version, &object.kind).map_or_else(
                || custom_kind(group_of(&object.api_version), &object.kind),
                |kind| kind.as_str().to_owned(),
            );
            (kind, object.namespace.clone().unwrap_or_default())
        })
        .collect()
}
