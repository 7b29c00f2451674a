//! Where the store lies: whether its directory is still the one that was opened, and whether there is room.

use std::path::{Path, PathBuf};

use super::StoreError;
use super::lock::DirectoryLock;

/// Bytes that stay free: sled cannot go on after a write that failed, so that none is begun near the end.
const RESERVE: u64 = 16 << 20;

/// The directory of an open store, held for this process.
pub(super) struct Place {
    directory: PathBuf,
    records: Identity,
    _lock: DirectoryLock,
}

/// Which directory a path means: another one at the same path has another identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

/// The folder of the database.
pub(super) fn records(directory: &Path) -> PathBuf {
    directory.join("records")
}

impl Place {
    /// Of a directory whose database is open.
    pub(super) fn of(directory: &Path, lock: DirectoryLock) -> Result<Place, StoreError> {
        let found = identity(&records(directory)).map_err(|source| StoreError::Directory {
            path: directory.to_owned(),
            source,
        })?;
        Ok(Place {
            directory: directory.to_owned(),
            records: found,
            _lock: lock,
        })
    }

    /// The same directory, whose database was put in the place of the one before.
    pub(super) fn renew(&mut self) -> Result<(), StoreError> {
        self.records = identity(&records(&self.directory)).map_err(StoreError::Read)?;
        Ok(())
    }

    /// Whether the directory that was opened is still the one at its path.
    pub(super) fn is_there(&self) -> bool {
        identity(&records(&self.directory)).is_ok_and(|found| found == self.records)
    }

    /// Whether so many bytes may be written; the error says what is in the way.
    pub(super) fn admit(&self, bytes: u64) -> Result<(), StoreError> {
        if !self.is_there() {
            let path = self.directory.clone();
            return Err(StoreError::Gone { path });
        }
        has_room(&self.directory, bytes)
    }
}

/// Whether the disk has room for so many bytes beside the reserve. Where it cannot be asked the write shows it.
pub(super) fn has_room(directory: &Path, bytes: u64) -> Result<(), StoreError> {
    match free(directory) {
        // A leaf is written anew with each of its records.
        Some(free) if free < bytes.saturating_mul(4).saturating_add(RESERVE) => {
            let path = directory.to_owned();
            Err(StoreError::Full { path, free })
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> std::io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::metadata(path)?;
    Ok(Identity(found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> std::io::Result<Identity> {
    std::fs::metadata(path).map(|_| Identity(0, 0))
}

#[cfg(unix)]
fn free(directory: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(directory).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
