//! A clock for ages: it goes on evenly when somebody sets the system's clock.

use std::sync::OnceLock;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// Now, counted from the system's time when this was asked first. What is measured between two of them is as long as
/// it took, whatever became of the system's clock; across a restart it is as right as that clock.
///
/// Only for how old something is: what is shown to people, or compared with times of others, is of the system's clock.
pub(crate) fn steady() -> Timestamp {
    static BEGIN: OnceLock<(Timestamp, Instant)> = OnceLock::new();
    let (at, instant) = BEGIN.get_or_init(|| (Timestamp::now(), Instant::now()));
    let gone = SignedDuration::try_from(instant.elapsed()).unwrap_or(SignedDuration::MAX);
    at.checked_add(gone).unwrap_or(Timestamp::MAX)
}
