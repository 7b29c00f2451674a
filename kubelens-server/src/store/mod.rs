//! What the server must still know after a restart: sessions, the audit trail, what was broken when, the selected
//! clusters, answers that may be asked for again.
//!
//! ```text
//! Store ── shelf (a sled tree) ── key ── record (checksum, payload)
//!   ├── writer (one thread) ── engine (sled) ── place (lock, room)
//!   └── format (version, migrations)   mend (back without a restart)
//! ```
//!
//! Every write is on the disk when it returns, or refused: where the disk is full, gone, broken or does not answer, and
//! for no longer than that. Damage is an error that names the record; it is
//! never an empty store. Calls block: from async code use `spawn_blocking`.

#![allow(clippy::similar_names, reason = "a shelf beside a self is no riddle")]

mod backup;
mod command;
mod engine;
mod error;
mod format;
mod lock;
mod mend;
mod place;
mod record;
mod shelf;
mod witness;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use backup::Census;
pub use command::StoreCommand;
pub use error::StoreError;
pub use shelf::Shelf;

use engine::{Db, Engine, Task, Tree};
use lock::DirectoryLock;
use place::{Place, records};
use writer::Writer;

/// The longest value of one record, in bytes.
pub const LONGEST_VALUE: usize = 8 << 20;

/// The durable state of one server, in one directory.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    writer: Writer,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store")
            .field("directory", &self.inner.directory)
            .finish_non_exhaustive()
    }
}

/// One change of a batch: a key, and its new value or nothing for "remove".
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

impl Store {
    /// Opens the store in `directory`, which is created when missing, and brings its format up to
    /// date. Fails when another process has it, when it was written by a newer version, and when
    /// it is damaged.
    pub fn open(directory: &Path) -> Result<Store, StoreError> {
        let step = |source| StoreError::Directory {
            path: directory.to_owned(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(step)?;
        let lock = DirectoryLock::take(directory)?;
        Self::opened(directory, lock)
    }

    /// The same for a store that must be there: nothing is created where it is not.
    pub fn open_existing(directory: &Path) -> Result<Store, StoreError> {
        if mend::holds_records(directory) {
            Self::open(directory)
        } else {
            let path = directory.to_owned();
            Err(StoreError::Missing { path })
        }
    }

    fn opened(directory: &Path, lock: DirectoryLock) -> Result<Store, StoreError> {
        let step = |source| StoreError::Directory {
            path: directory.to_owned(),
            source,
        };
        mend::settle(directory).map_err(step)?;
        let engine = Engine::open(&records(directory))?;
        witness::ask(directory, &engine)?;
        let place = Place::of(directory, lock)?;
        let writer = Writer::start(directory, engine, place).map_err(step)?;
        Ok(Store {
            inner: Arc::new(Inner {
                directory: directory.to_owned(),
                writer,
            }),
        })
    }

    /// What keeps writes from the disk now: it is full, gone, broken or does not answer. Nothing = all is well.
    pub fn trouble(&self) -> Option<String> {
        self.inner.writer.trouble()
    }

    /// Writes that failed or were refused since the start.
    pub fn failures(&self) -> u64 {
        self.inner.writer.failures()
    }

    /// The directory that holds it.
    pub fn directory(&self) -> &Path {
        &self.inner.directory
    }

    /// Bytes that it takes on the disk.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.inner.writer.shared.engine()?.size_on_disk()
    }

    fn tree(&self, shelf: Shelf) -> Result<Tree, StoreError> {
        self.inner.writer.shared.engine()?.tree(shelf)
    }

    /// The value of `key`, or nothing when there is none.
    pub fn get(&self, shelf: Shelf, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let framed = self.tree(shelf)?.get(key).map_err(StoreError::Read)?;
        framed.map(|it| record::open(shelf, key, &it)).transpose()
    }

    /// Writes one value; it is on the disk when this returns.
    pub fn put(&self, shelf: Shelf, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.write(shelf, vec![(key.to_vec(), Some(value.to_vec()))])
    }

    /// Removes one key; nothing happens when it is not there.
    pub fn remove(&self, shelf: Shelf, key: &[u8]) -> Result<(), StoreError> {
        self.write(shelf, vec![(key.to_vec(), None)])
    }

    /// Writes all changes or none of them; they are on the disk when this returns.
    pub fn write(&self, shelf: Shelf, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut bytes = 0;
        let framed = changes.into_iter().map(|(key, value)| {
            let value = value.map(|it| record::seal(shelf, &key, &it)).transpose()?;
            bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            Ok((key, value))
        });
        let framed = framed.collect::<Result<Vec<Change>, StoreError>>()?;
        let writer = &self.inner.writer;
        writer.write(shelf, Task::Batch(framed), bytes as u64)?;
        Ok(())
    }

    /// Puts `new` in the place of `old` (nothing = absent) and says whether `old` was what it
    /// found; when not, nothing changes.
    pub fn compare_and_swap(
        &self,
        shelf: Shelf,
        key: &[u8],
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let old = old.map(|it| record::seal(shelf, key, it)).transpose()?;
        let new = new.map(|it| record::seal(shelf, key, it)).transpose()?;
        let bytes = key.len() + new.as_ref().map_or(0, Vec::len);
        let key = key.to_vec();
        let writer = &self.inner.writer;
        writer.write(shelf, Task::Swap { key, old, new }, bytes as u64)
    }

    /// At most `limit` entries from `from` on, in the order of their keys.
    pub fn range(&self, shelf: Shelf, from: &[u8], limit: usize) -> Result<Vec<Entry>, StoreError> {
        let range = self.tree(shelf)?.range(from.to_vec()..);
        range.take(limit).map(|it| entry(shelf, it)).collect()
    }

    /// At most `limit` entries whose keys begin with `prefix`, in the order of their keys.
    pub fn prefixed(
        &self,
        shelf: Shelf,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let entries = self.tree(shelf)?.scan_prefix(prefix);
        entries.take(limit).map(|it| entry(shelf, it)).collect()
    }

    /// At most `limit` entries whose keys begin with `prefix` and stand before `before` (nothing:
    /// all of them), the last key first.
    pub fn prefixed_back(
        &self,
        shelf: Shelf,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let mut after_prefix = prefix.to_vec();
        // Prefixes are ASCII letters here: the next byte is the first key that is too far.
        if let Some(last) = after_prefix.last_mut() {
            *last = last.saturating_add(1);
        }
        let end = match before {
            Some(before) => Excluded(before.to_vec()),
            None if prefix.is_empty() => Unbounded,
            None => Excluded(after_prefix),
        };
        let range = self.tree(shelf)?.range((Included(prefix.to_vec()), end));
        range.rev().take(limit).map(|it| entry(shelf, it)).collect()
    }

    /// Puts the same bytes at `key` as they are found, without a checksum: for tests of damage.
    #[cfg(test)]
    pub(crate) fn spoil(&self, shelf: Shelf, key: &[u8], framed: &[u8]) {
        let tree = self.tree(shelf).unwrap();
        tree.insert(key, framed).unwrap();
        tree.flush().unwrap();
    }

    /// The bytes of a record with its checksum: for tests of damage.
    #[cfg(test)]
    pub(crate) fn raw(&self, shelf: Shelf, key: &[u8]) -> Vec<u8> {
        self.tree(shelf)
            .unwrap()
            .get(key)
            .unwrap()
            .unwrap()
            .to_vec()
    }
}

fn entry(
    shelf: Shelf,
    item: std::io::Result<(sled::InlineArray, sled::InlineArray)>,
) -> Result<Entry, StoreError> {
    let (key, framed) = item.map_err(StoreError::Read)?;
    let value = record::open(shelf, &key, &framed)?;
    Ok((key.to_vec(), value))
}

#[cfg(test)]
mod tests;
