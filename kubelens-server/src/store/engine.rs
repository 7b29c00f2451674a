//! One opened sled database. After a failed write it can neither write nor close: its next flush would wait for ever
//! for the one that failed, so that it is abandoned and another is opened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Change, Shelf, StoreError, format, record};

/// Records a leaf holds before it splits. A flush rewrites whole leaves, so that small ones keep
/// a durable write of one audit record cheap.
const LEAF: usize = 64;
/// Sled's own flusher ends the process where a flush fails; a century is never.
const NEVER: usize = 3_155_760_000_000;
/// The tree of the count, and its key.
const WRITES: &str = "writes";
/// How long opening may take.
const OPENING: Duration = Duration::from_secs(30);
/// Records copied at a time.
const STRIDE: usize = 512;

pub(super) type Db = sled::Db<LEAF>;
pub(super) type Tree = sled::Tree<LEAF>;

/// What a write does to one shelf.
#[derive(Debug)]
pub(super) enum Task {
    /// All changes or none.
    Batch(Vec<Change>),
    /// `new` in the place of `old`, both with their checksums.
    Swap {
        key: Vec<u8>,
        old: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    },
}

/// The open database. A tree belongs to one thread at a time: each call clones its own.
pub(super) struct Engine {
    trees: Vec<Mutex<Tree>>,
    /// How many writes there were.
    count: Mutex<Tree>,
    db: Mutex<Db>,
}

impl Engine {
    /// Opens the database in this directory and brings its format up to date.
    pub(super) fn open(path: &Path) -> Result<Engine, StoreError> {
        let step = |source| StoreError::Directory {
            path: path.to_owned(),
            source,
        };
        let config = sled::Config::new().path(path).flush_every_ms(Some(NEVER));
        let (opened, opening) = std::sync::mpsc::channel();
        // Over damaged files sled fails, panics, or waits for a thread that it never started.
        std::thread::Builder::new()
            .name("store-open".to_owned())
            .spawn(move || {
                let db = catch_unwind(AssertUnwindSafe(|| config.open::<LEAF>()));
                let _ = opened.send(db.unwrap_or_else(panicked));
            })
            .map_err(step)?;
        let db = opening.recv_timeout(OPENING).unwrap_or_else(|_| damaged());
        let db = db.map_err(step)?;
        match Self::prepare(&db) {
            Ok((trees, count)) => Ok(Engine {
                trees,
                count: Mutex::new(count),
                db: Mutex::new(db),
            }),
            Err(error) => {
                // Closing it would flush what cannot be written.
                std::mem::forget(db);
                Err(error)
            }
        }
    }

    fn prepare(db: &Db) -> Result<(Vec<Mutex<Tree>>, Tree), StoreError> {
        format::settle(db)?;
        let trees = Shelf::ALL.iter().map(|shelf| {
            let tree = db.open_tree(shelf.name());
            tree.map(Mutex::new).map_err(StoreError::Read)
        });
        let trees = trees.collect::<Result<_, _>>()?;
        let count = db.open_tree(WRITES).map_err(StoreError::Read)?;
        Ok((trees, count))
    }

    /// How many writes there were.
    pub(super) fn writes(&self) -> Result<u64, StoreError> {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let found = count.get(WRITES).map_err(StoreError::Read)?;
        let found = found.and_then(|it| <[u8; 8]>::try_from(&*it).ok());
        Ok(found.map_or(0, u64::from_be_bytes))
    }

    /// Counts one write, in memory as all of them; says how many there were with it.
    pub(super) fn count_write(&self) -> Result<u64, StoreError> {
        let writes = self.writes()? + 1;
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        count
            .insert(WRITES, writes.to_be_bytes().to_vec())
            .map_err(StoreError::Write)?;
        Ok(writes)
    }

    pub(super) fn tree(&self, shelf: Shelf) -> Result<Tree, StoreError> {
        let tree = self.trees.get(shelf.position());
        let tree = tree.ok_or(StoreError::Damaged {
            shelf,
            key: String::new(),
        })?;
        Ok(tree.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub(super) fn size_on_disk(&self) -> Result<u64, StoreError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        db.size_on_disk().map_err(StoreError::Read)
    }

    /// Does it in memory; says whether anything changed.
    pub(super) fn apply(&self, shelf: Shelf, task: Task) -> Result<bool, StoreError> {
        let tree = self.tree(shelf)?;
        let applied = catch_unwind(AssertUnwindSafe(|| match task {
            Task::Batch(changes) => {
                let mut batch = sled::Batch::default();
                for (key, value) in changes {
                    match value {
                        Some(value) => batch.insert(key, value),
                        None => batch.remove(key),
                    }
                }
                tree.apply_batch(batch).map(|()| true)
            }
            Task::Swap { key, old, new } => {
                tree.compare_and_swap(key, old, new).map(|it| it.is_ok())
            }
        }));
        applied.unwrap_or_else(panicked).map_err(StoreError::Write)
    }

    /// Returns when everything that was applied is on the disk.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        let flushed = catch_unwind(AssertUnwindSafe(|| db.flush().map(|_| ())));
        flushed.unwrap_or_else(panicked).map_err(StoreError::Write)
    }

    /// Never closes it: closing would flush, and that would wait for ever.
    pub(super) fn abandon(self: Arc<Engine>) {
        std::mem::forget(self);
    }

    /// Checks every record.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        for shelf in Shelf::ALL {
            for item in &self.tree(shelf)? {
                let (key, framed) = item.map_err(StoreError::Read)?;
                record::open(shelf, &key, &framed)?;
            }
        }
        Ok(())
    }

    /// Copies every record into another database, as its bytes are; they are on the disk when this returns.
    pub(super) fn copy_into(&self, other: &Engine) -> Result<(), StoreError> {
        for shelf in Shelf::ALL {
            let mut waiting: Vec<Change> = Vec::new();
            for item in &self.tree(shelf)? {
                let (key, framed) = item.map_err(StoreError::Read)?;
                waiting.push((key.to_vec(), Some(framed.to_vec())));
                if waiting.len() == STRIDE {
                    other.apply(shelf, Task::Batch(std::mem::take(&mut waiting)))?;
                }
            }
            other.apply(shelf, Task::Batch(waiting))?;
        }
        let count = other.count.lock().unwrap_or_else(PoisonError::into_inner);
        count
            .insert(WRITES, self.writes()?.to_be_bytes().to_vec())
            .map_err(StoreError::Write)?;
        drop(count);
        other.flush()
    }
}

fn panicked<T>(_: Box<dyn std::any::Any + Send>) -> std::io::Result<T> {
    damaged()
}

fn damaged<T>() -> std::io::Result<T> {
    Err(std::io::Error::other("the database is damaged"))
}
