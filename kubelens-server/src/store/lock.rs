use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::StoreError;

/// Holds the directory for this process; free again when it is dropped or the process dies.
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the directory, or says that another process has it.
    pub(super) fn take(directory: &Path) -> Result<DirectoryLock, StoreError> {
        let step = |source| StoreError::Directory {
            path: directory.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(directory.join("lock"))
            .map_err(step)?;
        match file.try_lock() {
            Ok(()) => Ok(DirectoryLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                path: directory.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(step(source)),
        }
    }
}
