//! What changed before a pod was made, and so may have shaped it.

use jiff::Timestamp;

use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, age};

/// Seconds before a pod was made in which a change counts.
const BEFORE: i64 = 86_400;

/// Seconds that something must have been there for a change of it to be one, and not its making.
const SETTLED: i64 = 60;

/// When an object changed within the day before a pod was made, with the change as proof; none where it did not.
pub(super) fn changed_before<T: Object>(object: &T, pod: &Pod) -> Option<(Timestamp, Evidence)> {
    let meta = object.metadata();
    let (at, born) = (meta.last_write?, pod.metadata.creation_timestamp?);
    let was_there = meta
        .creation_timestamp
        .is_some_and(|made| at.duration_since(made).as_secs() >= SETTLED);
    let is_before = (0..=BEFORE).contains(&born.duration_since(at).as_secs());
    let text = format!("changed {} before the pod was made", age(at, born));
    (was_there && is_before).then(|| (at, Evidence::change(object.reference(), &text, Some(at))))
}
