//! Who did what, and proof that nobody rewrote it.
//!
//! ```text
//! begin (intent) ──┐                      ┌─> store: records, head, floor, checkpoints
//! end (outcome) ───┼─> queue ─> writer ───┼─> file: the same records as JSON lines
//! request, denial ─┘   bounded  (1 thread)└─> rings and subscribers
//! ```
//!
//! A mutation is written ahead: `begin` returns when its intent is on the disk, and refuses when
//! it cannot be. Each record holds the SHA-256 of the one before it; `verify` finds edits, drops,
//! swaps and cut ends by hash and sequence number.

mod chain;
mod command;
mod entry;
mod file;
mod filter;
mod ledger;
mod ring;
mod verify;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use chain::{Anchor, Phase, Record};
pub use command::AuditCommand;
pub use entry::{AuditEntry, Intent};
pub use filter::AuditFilter;
pub use verify::{Check, Fault, Verdict, verify};

use crate::store::{Store, StoreError};
use ledger::Ledger;
use ring::Rings;
use writer::Append;

/// Entries that wait for the writer.
const QUEUE: usize = 4_096;
/// Entries that a slow subscriber may be behind.
const SUBSCRIBER_QUEUE: usize = 256;
/// How long a write is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Request ids with an open or just ended action.
const BEGUN: usize = 4_096;
/// Why an action that nobody ended counts as failed.
const UNKNOWN_OUTCOME: &str = "outcome unknown: it ended before its outcome was written";

/// What the audit trail keeps.
#[derive(Debug, Clone)]
pub struct AuditOptions {
    /// Mutations and denials in memory.
    pub items: usize,
    /// Records kept on the disk.
    pub most_records: u64,
    /// Bytes kept on the disk.
    pub most_bytes: u64,
    /// How old a record may become.
    pub longest: SignedDuration,
    /// A second copy, as JSON lines.
    pub file: Option<PathBuf>,
    /// A checkpoint after so many records.
    pub checkpoint_every: u64,
}

impl Default for AuditOptions {
    fn default() -> AuditOptions {
        AuditOptions {
            items: 500,
            most_records: 100_000,
            most_bytes: 256 << 20,
            longest: SignedDuration::from_hours(24 * 400),
            file: None,
            checkpoint_every: 1_000,
        }
    }
}

/// Why something could not be recorded. A mutation that meets it is refused with 503.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// There is no directory to keep it in.
    #[error(
        "the audit trail has no state directory; changes are refused until STATE_DIR can be written"
    )]
    NoStore,
    /// The disk is full, broken or damaged.
    #[error("the audit trail cannot be written, so changes are refused: {0}")]
    Store(Arc<StoreError>),
    /// The file of `AUDIT_LOG_FILE` cannot be used.
    #[error("audit file {}: {problem}; free space or give another AUDIT_LOG_FILE", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The disk took nothing for ten seconds.
    #[error(
        "the audit trail was not written in time, so changes are refused; look at the disk of STATE_DIR"
    )]
    Stuck,
    /// The server ends.
    #[error("the audit trail is closed: the server ends")]
    Closed,
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> AuditError {
        AuditError::Store(Arc::new(error))
    }
}

/// The state of the trail, for probes and measures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditHealth {
    /// Records on the disk since the start.
    pub entries: u64,
    /// Failed writes of the store or the file since the start.
    pub sink_errors: u64,
    /// Reads that were not noted because the queue was full.
    pub dropped_reads: u64,
    /// What is wrong now; nothing = all is well.
    pub problem: Option<String>,
}

/// The audit trail; a cheap handle.
#[derive(Clone)]
pub struct Audit {
    inner: Arc<Inner>,
}

struct Inner {
    queue: mpsc::Sender<Append>,
    shared: Arc<Shared>,
    store: Option<Store>,
    begun: Mutex<lru::LruCache<String, u32>>,
}

/// What the writer tells everybody else.
struct Shared {
    rings: Mutex<Rings>,
    events: broadcast::Sender<Arc<AuditEntry>>,
    entries: AtomicU64,
    sink_errors: AtomicU64,
    dropped_reads: AtomicU64,
    problem: Mutex<Option<String>>,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Audit").finish_non_exhaustive()
    }
}

impl Audit {
    /// Opens the trail that `store` keeps; without a store only memory notes reads and denials,
    /// and every mutation is refused. Actions that were open when the server died get an outcome.
    pub fn open(options: AuditOptions, store: Option<Store>) -> Result<Audit, AuditError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (events, _) = broadcast::channel(SUBSCRIBER_QUEUE);
        let mut rings = Rings::new(options.items);
        let ledger = match &store {
            Some(store) => {
                let mut ledger = Ledger::open(store.clone(), options.clone())?;
                ledger.close_open_intents()?;
                for entry in ledger.newest(options.items)? {
                    rings.put(Arc::new(entry));
                }
                Some(ledger)
            }
            None => None,
        };
        let shared = Arc::new(Shared {
            rings: Mutex::new(rings),
            events,
            entries: AtomicU64::new(0),
            sink_errors: AtomicU64::new(0),
            dropped_reads: AtomicU64::new(0),
            problem: Mutex::new(None),
        });
        writer::start(waiting, ledger, shared.clone())?;
        let begun = std::num::NonZeroUsize::new(BEGUN).unwrap_or(std::num::NonZeroUsize::MIN);
        Ok(Audit {
            inner: Arc::new(Inner {
                queue,
                shared,
                store,
                begun: Mutex::new(lru::LruCache::new(begun)),
            }),
        })
    }

    /// Writes ahead what is about to be done. It is on the disk when this returns; an error
    /// refuses the action.
    pub async fn begin(&self, intent: Intent) -> Result<Ticket, AuditError> {
        let request_id = intent.request_id.clone();
        let entry = intent.into_entry();
        let intent = self.durable(Phase::Intent, entry.clone(), None).await?;
        if let Some(id) = request_id {
            let mut begun = self
                .inner
                .begun
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *begun.get_or_insert_mut(id, || 0) += 1;
        }
        Ok(Ticket {
            audit: self.clone(),
            intent,
            entry: Some(entry),
            started: Instant::now(),
        })
    }

    /// Writes what became of it: the status of the answer and its length in bytes.
    pub async fn end(&self, mut ticket: Ticket, status: u16, bytes: u64) -> Result<(), AuditError> {
        let Some(entry) = ticket.entry.take() else {
            return Ok(());
        };
        let entry = entry.finished(status, bytes, ticket.started.elapsed());
        let intent = Some(ticket.intent);
        self.durable(Phase::Outcome, entry, intent)
            .await
            .map(|_| ())
    }

    /// Whether an action of this request was written ahead; asked once, at its end.
    pub fn has_begun(&self, request_id: &str) -> bool {
        let mut begun = self
            .inner
            .begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        begun.pop(request_id).is_some()
    }

    /// Keeps a request that changed nothing or was denied; waits for room, not for the disk.
    pub async fn keep(&self, entry: AuditEntry) {
        let append = Append::kept(Phase::Request, entry, None, None);
        if self
            .inner
            .queue
            .send_timeout(append, PATIENCE)
            .await
            .is_err()
        {
            tracing::warn!("an audit entry could not be kept: the trail is closed or stuck");
        }
    }

    /// Notes an ordinary read in memory only; equal ones within a minute are one. Never waits.
    pub fn note(&self, entry: AuditEntry) {
        if self.inner.queue.try_send(Append::noted(entry)).is_err() {
            self.inner
                .shared
                .dropped_reads
                .fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn durable(
        &self,
        phase: Phase,
        entry: AuditEntry,
        intent: Option<u64>,
    ) -> Result<u64, AuditError> {
        if self.inner.store.is_none() {
            return Err(AuditError::NoStore);
        }
        let (done, written) = oneshot::channel();
        let append = Append::kept(phase, entry, intent, Some(done));
        let write = async {
            let queue = &self.inner.queue;
            queue.send(append).await.map_err(|_| AuditError::Closed)?;
            written.await.map_err(|_| AuditError::Closed)?
        };
        if let Ok(written) = tokio::time::timeout(PATIENCE, write).await {
            return written;
        }
        // A disk that fails under the store's own flush never says so.
        let error = AuditError::Stuck;
        let problem = &self.inner.shared.problem;
        *problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        Err(error)
    }

    /// The entries that match, newest first, and how many match of those that were looked at: a
    /// plain list looks at memory, a search at the disk. Blocks while it reads the disk.
    pub fn find(&self, filter: &AuditFilter) -> Result<(usize, Vec<AuditEntry>), AuditError> {
        if let (Some(store), true) = (&self.inner.store, filter.searches()) {
            return Ok(ledger::search(store, filter)?);
        }
        let rings = &self.inner.shared.rings;
        let rings = rings.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rings.find(filter))
    }

    /// Records as JSON lines with their hashes, oldest first, those that match. Blocks.
    pub fn export(
        &self,
        filter: &AuditFilter,
        out: &mut dyn std::io::Write,
    ) -> Result<u64, AuditError> {
        let store = self.inner.store.as_ref().ok_or(AuditError::NoStore)?;
        Ok(ledger::export(store, filter, out)?)
    }

    /// Mutations and denials as they are recorded; who lags is told how much was missed.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<AuditEntry>> {
        self.inner.shared.events.subscribe()
    }

    /// How the trail fares.
    pub fn health(&self) -> AuditHealth {
        let shared = &self.inner.shared;
        AuditHealth {
            entries: shared.entries.load(Ordering::Relaxed),
            sink_errors: shared.sink_errors.load(Ordering::Relaxed),
            dropped_reads: shared.dropped_reads.load(Ordering::Relaxed),
            problem: shared
                .problem
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

/// An action that was written ahead. Dropped without [`Audit::end`] it is recorded as of unknown
/// outcome.
#[must_use = "an action that begins must end"]
#[derive(Debug)]
pub struct Ticket {
    audit: Audit,
    intent: u64,
    entry: Option<AuditEntry>,
    started: Instant,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        let mut entry = entry.finished(500, 0, self.started.elapsed());
        entry.reason = Some(UNKNOWN_OUTCOME.to_owned());
        let append = Append::kept(Phase::Outcome, entry, Some(self.intent), None);
        // A full queue loses nothing: the intent stays open and is closed at the next start.
        if self.audit.inner.queue.try_send(append).is_err() {
            tracing::warn!(
                intent = self.intent,
                "an action's outcome is told at the next start"
            );
        }
    }
}

#[cfg(test)]
mod tests;
