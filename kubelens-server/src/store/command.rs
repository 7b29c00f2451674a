use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Store, StoreError};

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
        let file_error = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Directory { path, source }
        };
        let census = match self {
            StoreCommand::Check => Store::open(directory)?.check()?,
            StoreCommand::Backup { file } => {
                let mut to = File::create_new(file).map_err(file_error(file))?;
                let census = Store::open(directory)?.backup(&mut to)?;
                to.sync_all().map_err(file_error(file))?;
                census
            }
            StoreCommand::Restore { file } => {
                let from = File::open(file).map_err(file_error(file))?;
                Store::restore(directory, &mut BufReader::new(from))?.check()?
            }
        };
        for (shelf, count) in census.records {
            writeln!(out, "{shelf}: {count}").map_err(StoreError::Write)?;
        }
        Ok(())
    }
}
