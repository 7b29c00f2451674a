use jiff::{SignedDuration, Timestamp};

/// Adds up for how long evidence of a failure stood. A moment without it stops the clock and wipes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Clock {
    total: SignedDuration,
    /// The last look.
    last: Option<Timestamp>,
    /// Whether evidence stood then.
    stood: bool,
}

impl Clock {
    /// A look without evidence.
    pub(super) fn nothing_stands(&mut self, now: Timestamp) {
        self.last = Some(now);
        self.stood = false;
    }

    /// A look at evidence that stands, since `since` where that is known.
    pub(super) fn stands(&mut self, now: Timestamp, since: Option<Timestamp>) {
        let begin = match (self.last, self.stood) {
            (Some(last), true) => last,
            // It came up between two looks; before the first of them nobody looked.
            (last, _) => since.max(last.filter(|_| since.is_some())).unwrap_or(now),
        };
        if now > begin {
            self.total += now.duration_since(begin);
        }
        self.last = Some(now);
        self.stood = true;
    }

    /// For how long, in total.
    pub(super) const fn total(&self) -> SignedDuration {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).expect("a time")
    }

    #[test]
    fn a_moment_without_evidence_stops_the_clock_and_wipes_nothing() {
        let mut clock = Clock::default();
        clock.stands(at(0), None);
        clock.stands(at(30), None);
        clock.nothing_stands(at(40));
        clock.nothing_stands(at(90));
        clock.stands(at(100), None);
        clock.stands(at(130), None);
        assert_eq!(clock.total(), SignedDuration::from_secs(60));
    }

    #[test]
    fn what_stood_before_the_first_look_counts() {
        let mut clock = Clock::default();
        clock.stands(at(100), Some(at(20)));
        assert_eq!(clock.total(), SignedDuration::from_secs(80));
    }

    #[test]
    fn what_came_up_between_two_looks_counts_from_then() {
        let mut clock = Clock::default();
        clock.nothing_stands(at(0));
        clock.stands(at(10), Some(at(7)));
        assert_eq!(clock.total(), SignedDuration::from_secs(3));
        let mut clock = Clock::default();
        clock.nothing_stands(at(0));
        clock.stands(at(10), Some(at(-50)));
        assert_eq!(clock.total(), SignedDuration::from_secs(10));
    }
}
