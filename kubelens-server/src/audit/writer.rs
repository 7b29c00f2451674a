//! The one thread that links records: whatever waits is written with one flush.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::chain::Phase;
use super::entry::AuditEntry;
use super::ledger::{Ledger, Pending};
use super::{AuditError, Shared};

/// Entries written with one flush.
const BATCH: usize = 256;

type Done = oneshot::Sender<Result<u64, AuditError>>;

/// What the queue carries.
pub(super) enum Append {
    /// Goes to the chain; told when it is on the disk, where someone waits for it.
    Kept(Box<Pending>, Option<Done>),
    /// Goes to memory.
    Noted(Box<AuditEntry>),
}

impl Append {
    pub(super) fn kept(
        phase: Phase,
        entry: AuditEntry,
        intent: Option<u64>,
        done: Option<Done>,
    ) -> Append {
        let pending = Pending {
            phase,
            entry,
            intent,
        };
        Append::Kept(Box::new(pending), done)
    }

    pub(super) fn noted(entry: AuditEntry) -> Append {
        Append::Noted(Box::new(entry))
    }
}

/// Starts the thread; it ends when the last handle of the trail is gone.
pub(super) fn start(
    queue: mpsc::Receiver<Append>,
    ledger: Option<Ledger>,
    shared: Arc<Shared>,
) -> Result<(), AuditError> {
    let mut writer = Writer {
        queue,
        ledger,
        shared,
        ids: 0,
    };
    std::thread::Builder::new()
        .name("audit".to_owned())
        .spawn(move || writer.run())
        .map(|_| ())
        .map_err(|_| AuditError::Closed)
}

struct Writer {
    queue: mpsc::Receiver<Append>,
    ledger: Option<Ledger>,
    shared: Arc<Shared>,
    /// Ids where there is no ledger.
    ids: u64,
}

impl Writer {
    fn run(&mut self) {
        let mut waiting = Vec::with_capacity(BATCH);
        while self.queue.blocking_recv_many(&mut waiting, BATCH) > 0 {
            let (mut pending, mut told) = (Vec::new(), Vec::new());
            for append in waiting.drain(..) {
                match append {
                    Append::Noted(entry) => self.note(*entry),
                    Append::Kept(entry, done) => {
                        pending.push(*entry);
                        told.push(done);
                    }
                }
            }
            if !pending.is_empty() {
                self.keep(pending, told);
            }
        }
    }

    fn take_id(&mut self) -> String {
        let id = if let Some(ledger) = &mut self.ledger {
            ledger.take_id()
        } else {
            self.ids += 1;
            self.ids
        };
        id.to_string()
    }

    fn note(&mut self, entry: AuditEntry) {
        let shared = self.shared.clone();
        let mut rings = shared.rings.lock().unwrap_or_else(PoisonError::into_inner);
        if !rings.has_read(&entry) {
            let id = self.take_id();
            rings.put_read(AuditEntry {
                id,
                ..entry.bounded()
            });
        }
    }

    fn keep(&mut self, pending: Vec<Pending>, told: Vec<Option<Done>>) {
        let written = match &mut self.ledger {
            Some(ledger) => ledger.append(pending.clone()),
            None => Err(AuditError::NoStore),
        };
        match written {
            Ok(records) => {
                let count = records.len() as u64;
                self.shared.entries.fetch_add(count, Ordering::Relaxed);
                for (record, done) in records.iter().zip(told) {
                    if record.phase != Phase::Intent {
                        self.publish(record.shown());
                    }
                    if let Some(done) = done {
                        let _ = done.send(Ok(record.seq));
                    }
                }
                let copied = self.ledger.as_mut().map_or(Ok(()), Ledger::copy_to_file);
                self.tell(copied.err());
            }
            Err(error) => {
                // Who hears of an entry that is not kept finds the reason told.
                self.tell(Some(error.clone()));
                for (pending, done) in pending.into_iter().zip(told) {
                    if let Some(done) = done {
                        let _ = done.send(Err(error.clone()));
                    }
                    // What happened is shown while it cannot be kept; what was refused is not.
                    if pending.phase == Phase::Request {
                        let id = self.take_id();
                        self.publish(AuditEntry {
                            id,
                            ..pending.entry.bounded()
                        });
                    }
                }
            }
        }
    }

    fn publish(&self, entry: AuditEntry) {
        let entry = Arc::new(entry);
        let mut rings = self
            .shared
            .rings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rings.put(entry.clone());
        // Nobody listening is no error.
        let _ = self.shared.events.send(entry);
    }

    fn tell(&self, error: Option<AuditError>) {
        let mut problem = self
            .shared
            .problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let text = error.map(|it| it.to_string());
        if let Some(text) = &text {
            self.shared.sink_errors.fetch_add(1, Ordering::Relaxed);
            if problem.as_ref() != Some(text) {
                tracing::error!("{text}");
            }
        }
        *problem = text;
    }
}
