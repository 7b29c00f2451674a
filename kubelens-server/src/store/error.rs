use std::path::PathBuf;
use std::sync::Arc;

use super::Shelf;

/// Why the store could not do what it was asked. Reads and writes may be tried again; everything
/// else needs a person.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be used.
    #[error("state directory {}: {source}; give one that this user can write (STATE_DIR)", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no store in it.
    #[error("state directory {} holds no store; give the one that the server uses (--state-dir)", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// Another process has it open.
    #[error("state directory {} is used by another process; stop it or give another STATE_DIR", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// It was written by a newer version.
    #[error(
        "the store has format {found}, this version reads up to {known}; run the newer version, or restore a backup of the older one"
    )]
    Newer {
        /// The format found.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// A record does not match its checksum.
    #[error("the record {key:?} on shelf {shelf} is damaged; restore a backup (store restore)")]
    Damaged {
        /// The shelf.
        shelf: Shelf,
        /// The key, bytes that are not text escaped.
        key: String,
    },
    /// The value is longer than [`super::LONGEST_VALUE`].
    #[error("a value of {bytes} bytes for shelf {shelf} is too long")]
    TooLong {
        /// The shelf.
        shelf: Shelf,
        /// Its length.
        bytes: usize,
    },
    /// Reading failed.
    #[error("the store cannot be read: {0}")]
    Read(#[source] std::io::Error),
    /// Writing failed: the disk is full or broken. What was written before is kept.
    #[error("the store cannot be written: {0}; free space or replace the disk")]
    Write(#[source] std::io::Error),
    /// The disk has no room.
    #[error(
        "the disk of state directory {} is full ({} MiB free, 16 are kept free); free space",
        path.display(), free >> 20
    )]
    Full {
        /// The directory.
        path: PathBuf,
        /// Bytes free.
        free: u64,
    },
    /// The directory was removed, or another one is in its place.
    #[error("state directory {} is gone; put it back", path.display())]
    Gone {
        /// The directory.
        path: PathBuf,
    },
    /// Writes are missing that were on the disk.
    #[error(
        "the database of state directory {} lacks its last {missing} writes: its files are damaged, or older ones were put in \
         their place; restore a backup into a new directory (store restore)",
        path.display()
    )]
    Lost {
        /// The directory.
        path: PathBuf,
        /// How many.
        missing: u64,
    },
    /// The disk did not answer in time.
    #[error("the disk of state directory {} does not answer; look at it", path.display())]
    Stuck {
        /// The directory.
        path: PathBuf,
    },
    /// One of several writes that failed together.
    #[error(transparent)]
    Shared(Arc<StoreError>),
    /// A file that was named cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A backup cannot be understood or written.
    #[error("backup line {line}: {problem}")]
    Backup {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A restore is for a directory without a store only.
    #[error("{} holds a store already; restore into a new directory", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
}
