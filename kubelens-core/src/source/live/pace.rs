use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// How many requests a second are sent at most; clones share the count.
#[derive(Clone, Default)]
pub(super) struct Pace {
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
}

impl Pace {
    /// So many a second, evenly; none for as many as there are.
    pub(super) fn new(per_second: Option<NonZeroU32>) -> Self {
        let evenly = |rate| Quota::per_second(rate).allow_burst(NonZeroU32::MIN);
        Self {
            limiter: per_second.map(|rate| Arc::new(RateLimiter::direct(evenly(rate)))),
        }
    }

    /// Waits until the next request may be sent.
    pub(super) async fn turn(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
    }
}
