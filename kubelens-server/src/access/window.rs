use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::settings::RateLimit;

/// Callers remembered; the one seen longest ago goes.
const MOST: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// What a window says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Go on.
    Taken,
    /// Wait so long; the first refusal of this window is worth an audit entry.
    Refused { wait: Duration, first: bool },
}

/// So many requests a caller in each fixed window, counted from the caller's first request.
///
/// Clients rely on a whole window's requests being there again when the window ends, which a
/// leaking bucket does not give.
#[derive(Debug)]
pub(super) struct Windows {
    limit: RateLimit,
    callers: Mutex<LruCache<String, (Instant, u32)>>,
}

impl Windows {
    pub(super) fn new(limit: RateLimit) -> Windows {
        Windows {
            limit,
            callers: Mutex::new(LruCache::new(MOST)),
        }
    }

    /// Counts one request.
    pub(super) fn take(&self, caller: String, now: Instant) -> Turn {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = callers.get_or_insert_mut(caller, || (now, 0));
        let age = now.saturating_duration_since(*since);
        if age >= self.limit.window {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        if *count <= self.limit.requests {
            return Turn::Taken;
        }
        Turn::Refused {
            wait: self
                .limit
                .window
                .saturating_sub(now.saturating_duration_since(*since)),
            first: *count == self.limit.requests + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_gives_its_requests_and_the_next_one_gives_them_again() {
        let limit = RateLimit {
            requests: 2,
            window: Duration::from_mins(1),
        };
        let (windows, start) = (Windows::new(limit), Instant::now());
        let take = |caller: &str, second| {
            windows.take(caller.to_owned(), start + Duration::from_secs(second))
        };
        let refused = |wait, first| Turn::Refused {
            wait: Duration::from_secs(wait),
            first,
        };
        assert_eq!((take("a", 0), take("a", 1)), (Turn::Taken, Turn::Taken));
        assert_eq!(
            (take("a", 10), take("a", 11)),
            (refused(50, true), refused(49, false))
        );
        assert_eq!(take("b", 11), Turn::Taken);
        assert_eq!(take("a", 60), Turn::Taken);
    }
}
