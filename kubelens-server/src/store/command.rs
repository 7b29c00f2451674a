use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Census, Store, StoreError};

/// `kubelens-server store …`: works on the state directory of a server that does not run.
#[derive(Debug, Clone, Subcommand)]
pub enum StoreCommand {
    /// Read every record and check it
    Check,
    /// Write all records as JSON lines
    Backup {
        /// Where to; a file that exists is not touched
        file: PathBuf,
    },
    /// Make a new state directory from a backup
    Restore {
        /// The backup
        file: PathBuf,
    },
}

impl StoreCommand {
    /// Does it, and tells on `out` what was found: one line a shelf.
    pub fn run(&self, directory: &Path, out: &mut dyn Write) -> Result<(), StoreError> {
        let census = match self {
            StoreCommand::Check => Store::open_existing(directory)?.check()?,
            StoreCommand::Backup { file } => {
                let store = Store::open_existing(directory)?;
                write_backup(&store, file)?
            }
            StoreCommand::Restore { file } => {
                let from = File::open(file).map_err(|source| file_error(file, source))?;
                Store::restore(directory, &mut BufReader::new(from))?.check()?
            }
        };
        for (shelf, count) in census.records {
            writeln!(out, "{shelf}: {count}").map_err(StoreError::Write)?;
        }
        Ok(())
    }
}

fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    let path = path.to_owned();
    StoreError::File { path, source }
}

/// A backup is under its name when it is whole, and readable by its owner only: it holds who signed in.
fn write_backup(store: &Store, file: &Path) -> Result<Census, StoreError> {
    let failed = |source| file_error(file, source);
    let beside = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if file.exists() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    let mut to = tempfile::NamedTempFile::new_in(beside).map_err(failed)?;
    let census = store.backup(to.as_file_mut())?;
    to.as_file().sync_all().map_err(failed)?;
    to.persist_noclobber(file)
        .map_err(|error| failed(error.error))?;
    Ok(census)
}
