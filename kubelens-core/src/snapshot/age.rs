//! How long ago something was, so that a look is done again only when what it found out about that may be another.

use std::cmp::Ordering;
use std::ops::Div;

use jiff::{SignedDuration, Timestamp};

use super::Cluster;

/// Whole seconds from an instant to the picture's, at least 0; 0 where the instant is not known.
///
/// Who compares it with a bound is asked again when it comes to that bound; who divides it, when the quotient is
/// another; who takes the number, at every later instant.
#[derive(Debug, Clone, Copy)]
pub struct Age<'c, 'a> {
    pub(super) cluster: &'c Cluster<'a>,
    pub(super) then: Option<Timestamp>,
}

impl Age<'_, '_> {
    /// The number.
    pub fn seconds(self) -> i64 {
        let seconds = self.counted();
        // Without an instant it stays 0, and before it too.
        if let Some(then) = self.then {
            let is_ahead = self.cluster.instant() < then;
            self.cluster.note_until(is_ahead.then_some(then));
        }
        seconds
    }

    /// The number, unnoted.
    fn counted(self) -> i64 {
        match self.then {
            Some(then) => {
                let lasted = self.cluster.instant().duration_since(then);
                lasted.as_secs().max(0)
            }
            // In a rehearsal nothing is young: what would be, is there for good.
            None if self.cluster.snapshot.is_rehearsal => i64::from(i32::MAX),
            None => 0,
        }
    }

    /// Whether it is at least so many seconds: until it is, the answer holds up to then, and from then on for good.
    fn is_at_least(self, seconds: i64) -> bool {
        let is_reached = self.counted() >= seconds;
        if let (false, Some(then)) = (is_reached, self.then) {
            let end = then.checked_add(SignedDuration::from_secs(seconds)).ok();
            let last = end.and_then(|end| end.checked_sub(SignedDuration::from_nanos(1)).ok());
            // Beyond the end of time it never is.
            self.cluster
                .note_until(Some(last.unwrap_or(Timestamp::MAX)));
        }
        is_reached
    }
}

impl PartialEq<i64> for Age<'_, '_> {
    fn eq(&self, seconds: &i64) -> bool {
        self.seconds() == *seconds
    }
}

impl PartialOrd<i64> for Age<'_, '_> {
    fn partial_cmp(&self, seconds: &i64) -> Option<Ordering> {
        Some(self.seconds().cmp(seconds))
    }

    fn ge(&self, seconds: &i64) -> bool {
        self.is_at_least(*seconds)
    }

    fn lt(&self, seconds: &i64) -> bool {
        !self.is_at_least(*seconds)
    }

    fn gt(&self, seconds: &i64) -> bool {
        seconds
            .checked_add(1)
            .is_some_and(|seconds| self.is_at_least(seconds))
    }

    fn le(&self, seconds: &i64) -> bool {
        !self.gt(seconds)
    }
}

impl Div<i64> for Age<'_, '_> {
    type Output = i64;

    /// So many times that span: minutes, days.
    fn div(self, span: i64) -> i64 {
        let times = self.counted().checked_div(span).unwrap_or_default();
        let next = times.saturating_add(1).saturating_mul(span);
        // Up to the next one it stays the same.
        let _ = self.is_at_least(next);
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClusterInfo, Scope};
    use crate::snapshot::SnapshotBuilder;
    use crate::snapshot::reads::Until;

    fn at(second: i64, nanosecond: i32) -> Timestamp {
        Timestamp::new(second, nanosecond).unwrap()
    }

    fn holds_at(until: Until, now: Timestamp) -> bool {
        match until {
            Until::Ever => true,
            Until::Instant(last) => now <= last,
            Until::Now => false,
        }
    }

    /// What a look says, and until when that holds.
    fn asked(now: Timestamp, ask: fn(Age<'_, '_>) -> i64) -> (i64, Until) {
        let picture =
            SnapshotBuilder::new(ClusterInfo::default(), Scope::default()).build_live(now);
        let cluster = Cluster::recording(&picture);
        let said = ask(cluster.seconds_since(Some(at(100, 0))));
        (said, cluster.into_reads().until())
    }

    #[test]
    fn an_answer_holds_until_the_clock_makes_another() {
        type Asked = fn(Age<'_, '_>) -> i64;
        let bounds: [(&str, Asked); 6] = [
            ("ge", |age| i64::from(age >= 60)),
            ("lt", |age| i64::from(age < 60)),
            ("gt", |age| i64::from(age > 60)),
            ("le", |age| i64::from(age <= 60)),
            ("minutes", |age| age / 60),
            ("negative bound", |age| i64::from(age > -1)),
        ];
        for (name, ask) in bounds {
            for begin in [at(90, 0), at(100, 0), at(159, 5), at(160, 0), at(161, 0)] {
                let (said, until) = asked(begin, ask);
                for later in (90..400).map(|second| at(second, 0)) {
                    if later >= begin && holds_at(until, later) {
                        assert_eq!(asked(later, ask).0, said, "{name}: {begin} to {later}");
                    }
                }
                if let Until::Instant(last) = until {
                    let next = last.checked_add(SignedDuration::from_nanos(1)).unwrap();
                    assert_ne!(asked(next, ask).0, said, "{name}: {begin} holds for longer");
                }
            }
        }
    }

    #[test]
    fn the_number_holds_for_no_later_instant() {
        assert_eq!(asked(at(130, 0), |age| age.seconds()), (30, Until::Now));
        let before = asked(at(90, 0), |age| age.seconds());
        assert_eq!(before, (0, Until::Instant(at(100, 0))));
    }
}
