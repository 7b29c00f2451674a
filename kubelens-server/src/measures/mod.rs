//! What the server counts of itself.

mod durations;
mod exposition;
mod process;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;

pub use exposition::{exposition, open_metrics};
pub(crate) use process::Process;

/// Counts of the requests since the start.
#[derive(Debug)]
pub struct Measures {
    started: Instant,
    ids: AtomicU64,
    epoch: u64,
    running: AtomicI64,
    routes: Mutex<BTreeMap<String, RouteCounts>>,
    /// What came of actions: by action and result.
    actions: Mutex<BTreeMap<(String, &'static str), u64>>,
    /// Who was not let in, by reason.
    refusals: Mutex<BTreeMap<&'static str, u64>>,
    state_errors: AtomicU64,
}

/// Upper bounds of the times that are counted apart, in seconds.
pub(crate) const BOUNDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0,
];

/// Counts of one route.
#[derive(Debug, Clone, Default)]
pub struct RouteCounts {
    /// Requests.
    pub requests: u64,
    /// Bytes that were sent, as far as they were known beforehand.
    pub bytes: u64,
    /// Answers by hundreds: 2xx to 5xx.
    pub statuses: [u64; 4],
    /// All times together.
    pub took: Duration,
    /// The longest.
    pub longest: Duration,
    /// How many took at most as long as each bound.
    pub within: [u64; BOUNDS.len()],
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Running<'m>(&'m Measures);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            ids: AtomicU64::new(0),
            epoch: jiff::Timestamp::now().as_microsecond().unsigned_abs(),
            running: AtomicI64::new(0),
            routes: Mutex::default(),
            actions: Mutex::default(),
            refusals: Mutex::default(),
            state_errors: AtomicU64::new(0),
        }
    }
}

impl Measures {
    /// An id for a request that brought none.
    pub fn next_id(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", self.epoch)
    }

    /// A request begins; it ends when what this returns is dropped.
    pub fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// How many requests are being answered.
    pub fn running(&self) -> i64 {
        self.running.load(Ordering::Relaxed)
    }

    /// How long the server runs.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// A request was answered.
    pub fn note(&self, route: &str, status: StatusCode, took: Duration, bytes: u64) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = routes.entry(route.to_owned()).or_default();
        counts.requests += 1;
        counts.bytes += bytes;
        counts.took += took;
        counts.longest = counts.longest.max(took);
        let hundreds = usize::from(status.as_u16() / 100).saturating_sub(2).min(3);
        if let Some(count) = counts.statuses.get_mut(hundreds) {
            *count += 1;
        }
        for (bound, count) in BOUNDS.iter().zip(&mut counts.within) {
            *count += u64::from(took.as_secs_f64() <= *bound);
        }
    }

    /// An action ended.
    pub fn note_action(&self, action: &str, is_done: bool) {
        let result = if is_done { "success" } else { "failure" };
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        *actions.entry((action.to_owned(), result)).or_default() += 1;
    }

    /// Somebody was not let in.
    pub fn note_refusal(&self, reason: &'static str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals.entry(reason).or_default() += 1;
    }

    /// Who was not let in, by reason.
    pub fn refusals(&self) -> BTreeMap<&'static str, u64> {
        self.refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The state store failed.
    pub fn note_state_error(&self) {
        self.state_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the state store failed.
    pub fn state_errors(&self) -> u64 {
        self.state_errors.load(Ordering::Relaxed)
    }

    /// The counts by route.
    pub fn routes(&self) -> BTreeMap<String, RouteCounts> {
        self.routes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The counts by action and result.
    pub fn actions(&self) -> BTreeMap<(String, &'static str), u64> {
        self.actions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
