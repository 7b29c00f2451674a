use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

const FAILURES: u32 = 5;
const WITHIN: Duration = Duration::from_mins(15);
const LOCKED: Duration = Duration::from_mins(5);
/// Addresses remembered; the one seen longest ago goes.
const MOST: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: Instant,
    until: Option<Instant>,
}

/// Failed sign-ins by address: five within a quarter of an hour close the door for five minutes.
#[derive(Debug)]
pub(super) struct Lockout {
    seen: Mutex<LruCache<IpAddr, Failures>>,
}

impl Lockout {
    pub(super) fn new() -> Lockout {
        Lockout {
            seen: Mutex::new(LruCache::new(MOST)),
        }
    }

    /// How long the door is still closed, if it is.
    pub(super) fn locked(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let until = seen.peek(&address)?.until?;
        let left = until.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Counts a failure; when it is one too many, how long the door is closed now.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Failures {
            count: 0,
            since: now,
            until: None,
        };
        let failures = seen.get_or_insert_mut(address, || fresh);
        let over = failures.until.is_some_and(|until| until <= now);
        if over || now.duration_since(failures.since) > WITHIN {
            *failures = fresh;
        }
        failures.count += 1;
        if failures.count < FAILURES {
            return None;
        }
        failures.until = Some(now + LOCKED);
        Some(LOCKED)
    }

    /// Forgets the failures of an address.
    pub(super) fn succeeded(&self, address: IpAddr) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.pop(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_closes_the_door_for_five_minutes() {
        let (lockout, ip) = (Lockout::new(), "192.0.2.1".parse().unwrap());
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..4 {
            assert_eq!(lockout.failed(ip, at(second)), None);
        }
        assert_eq!(lockout.failed(ip, at(4)), Some(LOCKED));
        assert!(lockout.locked(ip, at(303)).is_some());
        assert_eq!(lockout.locked(ip, at(304)), None);
        assert_eq!(lockout.failed(ip, at(305)), None);
        assert_eq!(lockout.locked("192.0.2.2".parse().unwrap(), at(5)), None);
    }

    #[test]
    fn success_and_time_forgive() {
        let (lockout, ip) = (Lockout::new(), "192.0.2.1".parse().unwrap());
        let start = Instant::now();
        for _ in 0..4 {
            lockout.failed(ip, start);
        }
        lockout.succeeded(ip);
        assert_eq!(lockout.failed(ip, start), None);
        for _ in 0..3 {
            lockout.failed(ip, start);
        }
        assert_eq!(
            lockout.failed(ip, start + WITHIN + Duration::from_secs(1)),
            None
        );
    }
}
