//! The one thread that writes: whatever waits goes to the disk with one flush, and nobody waits for a disk that takes
//! nothing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::engine::{Engine, Task};
use super::place::Place;
use super::{Shelf, StoreError, mend, witness};

/// Writes that wait for the thread.
const QUEUE: usize = 1_024;
/// Writes that share one flush.
const BATCH: usize = 64;
/// How long a write is waited for; the audit trail waits a little longer.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(5);
/// How often a store in trouble is looked at.
const MENDED_EVERY: Duration = Duration::from_secs(1);

type Answer = Result<bool, Arc<StoreError>>;

struct Job {
    shelf: Shelf,
    task: Task,
    bytes: u64,
    is_given_up: Arc<AtomicBool>,
    done: SyncSender<Answer>,
}

/// What readers, writers and the thread share. Fields drop in order: the database closes before the directory is free
/// for another process.
pub(super) struct Shared {
    /// None once it is closed.
    engine: RwLock<Option<Arc<Engine>>>,
    pub(super) place: Mutex<Place>,
    /// What keeps writes from the disk.
    trouble: Mutex<Option<Arc<StoreError>>>,
    /// Since when the thread is at the disk.
    busy: Mutex<Option<Instant>>,
    failures: AtomicU64,
}

impl Shared {
    pub(super) fn engine(&self) -> Result<Arc<Engine>, StoreError> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        let closed = || StoreError::Read(std::io::Error::other("it is closed"));
        engine.clone().ok_or_else(closed)
    }

    fn take(&self) -> Option<Arc<Engine>> {
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        engine.take()
    }

    /// Another database serves from now on; the one before is never closed.
    pub(super) fn replace(&self, engine: Engine) {
        let mut place = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = place.replace(Arc::new(engine)) {
            before.abandon();
        }
    }

    fn is_stuck(&self) -> bool {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    fn admit(&self, bytes: u64) -> Result<(), StoreError> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.admit(bytes)
    }

    fn tell(&self, trouble: Option<Arc<StoreError>>) {
        let mut told = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*told, &trouble) {
            (None, Some(error)) => tracing::error!("{error}"),
            (Some(_), None) => tracing::info!("the state directory can be written again"),
            _ => {}
        }
        *told = trouble;
    }
}

/// The way to the thread; it ends when this is dropped.
pub(super) struct Writer {
    directory: PathBuf,
    queue: Option<SyncSender<Job>>,
    pub(super) shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(directory: &Path, engine: Engine, place: Place) -> std::io::Result<Writer> {
        let shared = Arc::new(Shared {
            engine: RwLock::new(Some(Arc::new(engine))),
            place: Mutex::new(place),
            trouble: Mutex::new(None),
            busy: Mutex::new(None),
            failures: AtomicU64::new(0),
        });
        let (queue, jobs) = sync_channel(QUEUE);
        let (at_work, folder) = (Arc::clone(&shared), directory.to_owned());
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || run(&jobs, &at_work, &folder))?;
        Ok(Writer {
            directory: directory.to_owned(),
            queue: Some(queue),
            shared,
            thread: Some(thread),
        })
    }

    /// Returns when it is on the disk; refused at once where that cannot be, and after [`PATIENCE`] where the disk
    /// does not answer.
    pub(super) fn write(&self, shelf: Shelf, task: Task, bytes: u64) -> Result<bool, StoreError> {
        let written = self.try_write(shelf, task, bytes);
        if written.is_err() {
            self.shared.failures.fetch_add(1, Ordering::Relaxed);
        }
        written
    }

    fn try_write(&self, shelf: Shelf, task: Task, bytes: u64) -> Result<bool, StoreError> {
        let stuck = || StoreError::Stuck {
            path: self.directory.clone(),
        };
        if self.shared.is_stuck() {
            return Err(stuck());
        }
        let (done, written) = sync_channel(1);
        let is_given_up = Arc::new(AtomicBool::new(false));
        let job = Job {
            shelf,
            task,
            bytes,
            is_given_up: Arc::clone(&is_given_up),
            done,
        };
        let queue = self.queue.as_ref().ok_or_else(stuck)?;
        queue.try_send(job).map_err(|_| stuck())?;
        if let Ok(answer) = written.recv_timeout(PATIENCE) {
            answer.map_err(StoreError::Shared)
        } else {
            is_given_up.store(true, Ordering::SeqCst);
            Err(stuck())
        }
    }

    /// What keeps writes from the disk now.
    pub(super) fn trouble(&self) -> Option<String> {
        if self.shared.is_stuck() {
            let path = self.directory.clone();
            return Some(StoreError::Stuck { path }.to_string());
        }
        let told = self
            .shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*told {
            Some(error) => Some(error.to_string()),
            None => self.shared.admit(0).err().map(|error| error.to_string()),
        }
    }

    pub(super) fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        // A thread that hangs at the disk is left behind.
        if !self.shared.is_stuck()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
        let is_well = self.trouble().is_none();
        let Some(engine) = self.shared.take() else {
            return;
        };
        if !is_well {
            engine.abandon();
            return;
        }
        // After damage was read it may not close: the process ends all the same.
        let (closed, closing) = sync_channel(1);
        let close = std::thread::Builder::new().name("store-close".to_owned());
        let spawned = close.spawn(move || {
            drop(engine);
            let _ = closed.send(());
        });
        if spawned.is_ok() {
            let _ = closing.recv_timeout(CLOSING);
        }
    }
}

fn run(jobs: &Receiver<Job>, shared: &Shared, directory: &Path) {
    let mut failed: Option<Arc<StoreError>> = None;
    let mut looked = Instant::now();
    loop {
        let mut waiting = match jobs.recv_timeout(MENDED_EVERY) {
            Ok(job) => vec![job],
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        waiting.extend(jobs.try_iter().take(BATCH - waiting.len()));
        *shared.busy.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if looked.elapsed() >= MENDED_EVERY {
            mend(shared, directory, &mut failed);
            looked = Instant::now();
        }
        if !waiting.is_empty() {
            serve(shared, directory, waiting, &mut failed);
        }
        *shared.busy.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Looks at the store, whether somebody writes or not, and brings it back where that can be done.
fn mend(shared: &Shared, directory: &Path, failed: &mut Option<Arc<StoreError>>) {
    let outcome = match shared.admit(0) {
        // What was flushed before is in memory in full, unless a write failed.
        Err(StoreError::Gone { .. }) if failed.is_none() => mend::rebuild(shared, directory),
        Err(error) => Err(error),
        Ok(()) if failed.is_some() => mend::reopen(shared, directory),
        Ok(()) => Ok(()),
    };
    match outcome {
        Ok(()) => {
            *failed = None;
            shared.tell(None);
        }
        Err(error) => shared.tell(Some(Arc::new(error))),
    }
}

fn serve(
    shared: &Shared,
    directory: &Path,
    waiting: Vec<Job>,
    failed: &mut Option<Arc<StoreError>>,
) {
    let bytes = waiting.iter().map(|job| job.bytes).sum();
    let refusal = failed
        .clone()
        .or_else(|| shared.admit(bytes).err().map(Arc::new));
    if let Some(error) = refusal {
        shared.tell(Some(Arc::clone(&error)));
        for job in waiting {
            let _ = job.done.try_send(Err(Arc::clone(&error)));
        }
        return;
    }
    let Ok(engine) = shared.engine() else {
        return;
    };
    let mut answers = Vec::with_capacity(waiting.len());
    let mut problem = None;
    for job in waiting {
        // Whoever gave up was told that nothing was written.
        if job.is_given_up.load(Ordering::SeqCst) {
            continue;
        }
        match engine.apply(job.shelf, job.task) {
            Ok(changed) => answers.push((job.done, changed)),
            Err(error) => {
                let error = Arc::new(error);
                let _ = job.done.try_send(Err(Arc::clone(&error)));
                problem = Some(error);
                break;
            }
        }
    }
    let mut count = 0;
    if problem.is_none() {
        let flushed = engine
            .count_write()
            .and_then(|counted| engine.flush().map(|()| counted));
        match flushed {
            Ok(counted) => count = counted,
            Err(error) => problem = Some(Arc::new(error)),
        }
    }
    // What went to files of a directory that was taken away meanwhile is not kept.
    let lost = || {
        shared
            .admit(0)
            .err()
            .filter(|it| matches!(it, StoreError::Gone { .. }))
    };
    let answer = match &problem {
        Some(error) => Some(Arc::clone(error)),
        None => lost().map(Arc::new),
    };
    if answer.is_none()
        && let Err(error) = witness::note(directory, count)
    {
        tracing::warn!("the count of writes is not noted: {error}");
    }
    // Who hears of it finds it told.
    shared.tell(answer.clone());
    for (done, changed) in answers {
        let _ = done.try_send(answer.clone().map_or(Ok(changed), Err));
    }
    if problem.is_some() {
        engine.abandon();
        *failed = problem;
    }
}
