//! The causes of both reports, paired.

use std::collections::{BTreeMap, BTreeSet};

use super::sight::blind_to_cause;
use super::{Before, Change, ChangeState, Interlude};
use crate::model::{Cause, ObjectRef, Report, counted, some_of};

/// Objects that are named before the rest is only counted.
const NAMED: usize = 3;

/// Every cause of both reports once, by state and then by rank.
pub(super) fn between(older: &Report, newer: &Report, interlude: &Interlude) -> Vec<Change> {
    let known: BTreeMap<&str, &Cause> = older
        .causes
        .iter()
        .map(|cause| (cause.id.as_str(), cause))
        .collect();
    let remaining: BTreeSet<&str> = newer.causes.iter().map(|cause| cause.id.as_str()).collect();
    // What is gone, by subject: another cause of the same subject has taken its place. What the newer report could not
    // have seen is not gone.
    let mut gone: BTreeMap<_, Vec<&Cause>> = BTreeMap::new();
    let mut hidden: BTreeSet<&str> = BTreeSet::new();
    for cause in &older.causes {
        if remaining.contains(cause.id.as_str()) {
            continue;
        }
        if blind_to_cause(newer, cause, older).is_some() {
            hidden.insert(&cause.id);
        } else {
            gone.entry(cause.subject.key()).or_default().push(cause);
        }
    }
    let mut changes = Vec::new();
    for cause in &newer.causes {
        changes.push(match known.get(cause.id.as_str()) {
            Some(before) => lasting(before, cause, interlude),
            None => match replaced(&mut gone, cause) {
                Some(before) => Change {
                    state: ChangeState::CauseChanged,
                    cause: cause.clone(),
                    before: Some(Before::of(before)),
                    reasons: vec![format!("was {}: {}", before.code, before.title)],
                },
                None => appeared(cause, older, newer),
            },
        });
    }
    let left: BTreeSet<&str> = gone
        .values()
        .flatten()
        .map(|cause| cause.id.as_str())
        .collect();
    changes.extend(
        older
            .causes
            .iter()
            .filter(|cause| left.contains(cause.id.as_str()) || hidden.contains(cause.id.as_str()))
            .map(|cause| vanished(cause, older, newer, interlude)),
    );
    // Within a state the order of the reports stays.
    changes.sort_by_key(|change| change.state);
    changes
}

/// Takes the first cause of the subject that is gone and has another code.
fn replaced<'a>(
    gone: &mut BTreeMap<(String, String, String), Vec<&'a Cause>>,
    cause: &Cause,
) -> Option<&'a Cause> {
    let candidates = gone.get_mut(&cause.subject.key())?;
    let place = candidates.iter().position(|old| old.code != cause.code)?;
    Some(candidates.remove(place))
}

fn appeared(cause: &Cause, older: &Report, newer: &Report) -> Change {
    let reasons = blind_to_cause(older, cause, newer)
        .map(|why| format!("the older report could not have seen it: {why}"));
    Change {
        state: ChangeState::New,
        cause: cause.clone(),
        before: None,
        reasons: reasons.into_iter().collect(),
    }
}

fn vanished(cause: &Cause, older: &Report, newer: &Report, interlude: &Interlude) -> Change {
    let (state, reason) = match blind_to_cause(newer, cause, older) {
        Some(why) => (
            ChangeState::Unknown,
            Some(format!("the newer report could not have seen it: {why}")),
        ),
        None if interlude.is_deleted(&cause.subject) => (
            ChangeState::Fixed,
            Some(format!("{} is not there any more", cause.subject)),
        ),
        None => (ChangeState::Fixed, None),
    };
    Change {
        state,
        cause: cause.clone(),
        before: Some(Before::of(cause)),
        reasons: reason.into_iter().collect(),
    }
}

fn lasting(before: &Cause, now: &Cause, interlude: &Interlude) -> Change {
    let mut reasons = Vec::new();
    let mut worse = now.severity > before.severity;
    if now.severity != before.severity {
        reasons.push(format!("was {}", before.severity));
    }
    let more = added(&before.affected, &now.affected);
    let fewer = added(&now.affected, &before.affected);
    if !more.is_empty() {
        // One that replaced another is no wider reach.
        worse |= more.len() > fewer.len() && now.severity >= before.severity;
        reasons.push(format!("{} more affected: {}", more.len(), names(&more)));
    }
    if !fewer.is_empty() {
        reasons.push(format!("no longer affected: {}", names(&fewer)));
    }
    let spread: Vec<&str> = now
        .clusters
        .iter()
        .map(|cluster| cluster.name.as_str())
        .filter(|name| !before.clusters.iter().any(|known| known.name == *name))
        .collect();
    // A report over one cluster names none.
    if !spread.is_empty() && !before.clusters.is_empty() {
        worse = true;
        reasons.push(format!("now also in {}", some_of(&spread, NAMED)));
    }
    let back = interlude.relapsed_among(now);
    let state = if worse {
        ChangeState::Worsened
    } else if back.is_empty() {
        ChangeState::Ongoing
    } else {
        ChangeState::Flapping
    };
    if !back.is_empty() {
        reasons.push(format!(
            "{} became ready and lost it again in between: {}",
            counted(back.len(), "pod"),
            names(&back)
        ));
    }
    Change {
        state,
        cause: now.clone(),
        before: Some(Before::of(before)),
        reasons,
    }
}

/// What the second list has and the first has not.
fn added<'a>(before: &[ObjectRef], after: &'a [ObjectRef]) -> Vec<&'a ObjectRef> {
    let known: BTreeSet<_> = before.iter().map(ObjectRef::key).collect();
    after
        .iter()
        .filter(|object| !known.contains(&object.key()))
        .collect()
}

fn names(objects: &[&ObjectRef]) -> String {
    some_of(objects.iter().map(ToString::to_string), NAMED)
}
