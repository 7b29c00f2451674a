//! How a store comes back without a restart: from its files after a write that failed, from memory after its directory
//! was taken away.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::engine::Engine;
use super::lock::DirectoryLock;
use super::place::{Place, has_room, records};
use super::writer::Shared;
use super::{StoreError, witness};

const NEXT: &str = "records.next";
const OLD: &str = "records.old";
/// Where a backup is read into before it is the store.
pub(super) const RESTORED: &str = "records.restored";

/// Whether there is a database, also one that waits for [`settle`].
pub(super) fn holds_records(directory: &Path) -> bool {
    records(directory).exists() || directory.join(OLD).exists()
}

/// After a crash between the two renames of [`reopen`] the old files go back to their place.
pub(super) fn settle(directory: &Path) -> std::io::Result<()> {
    let (now, old) = (records(directory), directory.join(OLD));
    if !now.exists() && old.exists() {
        fs::rename(&old, &now)?;
    }
    for left in [directory.join(NEXT), directory.join(RESTORED), old] {
        if left.exists() {
            fs::remove_dir_all(left)?;
        }
    }
    Ok(())
}

/// A database that failed holds its files locked and cannot be closed: what is on the disk is copied beside it, opened
/// as after a crash, and put in its place.
pub(super) fn reopen(shared: &Shared, directory: &Path) -> Result<(), StoreError> {
    let (now, next, old) = (
        records(directory),
        directory.join(NEXT),
        directory.join(OLD),
    );
    let size = shared.engine()?.size_on_disk()?;
    has_room(directory, size)?;
    let copied = copy(&now, &next).and_then(|()| {
        let _ = fs::remove_dir_all(&old);
        fs::rename(&now, &old)?;
        fs::rename(&next, &now)?;
        File::open(directory)?.sync_all()
    });
    copied.map_err(StoreError::Write)?;
    let engine = Engine::open(&now)?;
    if let Err(error) = witness::ask(directory, &engine).and_then(|()| engine.check()) {
        Arc::new(engine).abandon();
        return Err(error);
    }
    let mut place = shared.place.lock().unwrap_or_else(PoisonError::into_inner);
    place.renew()?;
    shared.replace(engine);
    // The failed database keeps its files open: emptied, they take no room.
    for file in fs::read_dir(&old).into_iter().flatten().flatten() {
        let _ = fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(file.path());
    }
    let _ = fs::remove_dir_all(&old);
    Ok(())
}

/// The directory is gone, its files are still open: every record goes into a new one. A directory that holds something
/// is somebody else's.
pub(super) fn rebuild(shared: &Shared, directory: &Path) -> Result<(), StoreError> {
    let gone = || StoreError::Gone {
        path: directory.to_owned(),
    };
    fs::create_dir_all(directory).map_err(|_| gone())?;
    if records(directory).exists() {
        return Err(gone());
    }
    has_room(directory, 0)?;
    let lock = DirectoryLock::take(directory)?;
    let engine = Engine::open(&records(directory))?;
    if let Err(error) = shared.engine()?.copy_into(&engine) {
        Arc::new(engine).abandon();
        let _ = fs::remove_dir_all(records(directory));
        return Err(error);
    }
    let place = Place::of(directory, lock)?;
    *shared.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    shared.replace(engine);
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            File::open(&target)?.sync_all()?;
        }
    }
    File::open(to)?.sync_all()
}
