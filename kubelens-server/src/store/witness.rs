//! How many writes a store has seen, noted beside the database. Sled takes a damaged log for one that ends there, so
//! that what follows is lost without a word; the witness knows of it.
//!
//! It is written after each flush, so that it never knows of more than the disk does.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::StoreError;
use super::engine::Engine;

const FILE: &str = "writes";
const COUNT: usize = 8;

/// Notes how many writes are on the disk.
pub(super) fn note(directory: &Path, count: u64) -> std::io::Result<()> {
    let count = count.to_be_bytes();
    let checksum = crc32fast::hash(&count).to_be_bytes();
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join(FILE))?;
    file.write_all(&[&count[..], &checksum].concat())
}

/// What one directory noted is from now on what another did.
pub(super) fn take_over(from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::rename(from.join(FILE), to.join(FILE)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        moved => moved,
    }
}

/// How many were on the disk at least; nothing where that was never noted, or is unreadable itself.
fn noted(directory: &Path) -> Option<u64> {
    let bytes = fs::read(directory.join(FILE)).ok()?;
    let (count, checksum) = bytes.split_first_chunk::<COUNT>()?;
    (checksum == crc32fast::hash(count).to_be_bytes()).then(|| u64::from_be_bytes(*count))
}

/// Whether the database still has all writes that were noted.
pub(super) fn ask(directory: &Path, engine: &Engine) -> Result<(), StoreError> {
    let (noted, found) = (noted(directory).unwrap_or(0), engine.writes()?);
    match noted.checked_sub(found) {
        None | Some(0) => Ok(()),
        Some(missing) => Err(StoreError::Lost {
            path: directory.to_owned(),
            missing,
        }),
    }
}
