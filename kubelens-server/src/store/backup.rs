//! A store as JSON lines. A copy of a live directory is no backup; this is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufWriter, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::lock::DirectoryLock;
use super::mend::{RESTORED, holds_records};
use super::place::records;
use super::{Change, Shelf, Store, StoreError, format, witness};
use crate::hex::hex;

/// Records read or written at a time.
const STRIDE: usize = 512;

/// How many records each shelf has.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Census {
    /// Records by the name of their shelf.
    pub records: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Head {
        format: u32,
    },
    Record {
        shelf: String,
        key: String,
        value: String,
    },
    /// The count of the records, and the SHA-256 of all lines before this one with their line ends.
    End {
        records: u64,
        sha256: String,
    },
}

/// Lines on their way out, counted and digested.
struct Lines<'a> {
    out: BufWriter<&'a mut dyn Write>,
    number: usize,
    digest: Sha256,
}

impl Lines<'_> {
    fn put(&mut self, line: &Line) -> Result<(), StoreError> {
        self.number += 1;
        let mut text = serde_json::to_vec(line).map_err(|error| broken(self.number, error))?;
        text.push(b'\n');
        self.digest.update(&text);
        let written = self.out.write_all(&text);
        written.map_err(|error| broken(self.number, error))
    }
}

impl Store {
    /// Reads every record and checks it. The first damaged one is the error.
    pub fn check(&self) -> Result<Census, StoreError> {
        let mut census = Census::default();
        for shelf in Shelf::ALL {
            let mut count = 0;
            self.each(shelf, |_, _| {
                count += 1;
                Ok(())
            })?;
            census.records.insert(shelf.name().to_owned(), count);
        }
        Ok(census)
    }

    /// Writes all records as JSON lines, with a first line that names the format and a last line
    /// with their count and a checksum, so that a backup that is cut or changed is found.
    pub fn backup(&self, out: &mut dyn Write) -> Result<Census, StoreError> {
        let mut census = Census::default();
        let mut lines = Lines {
            out: BufWriter::new(out),
            number: 0,
            digest: Sha256::new(),
        };
        lines.put(&Line::Head {
            format: format::FORMAT,
        })?;
        let mut records = 0;
        for shelf in Shelf::ALL {
            let mut count = 0;
            self.each(shelf, |key, value| {
                count += 1;
                lines.put(&Line::Record {
                    shelf: shelf.name().to_owned(),
                    key: STANDARD.encode(key),
                    value: STANDARD.encode(value),
                })
            })?;
            records += count;
            census.records.insert(shelf.name().to_owned(), count);
        }
        let sha256 = hex(&lines.digest.clone().finalize());
        lines.put(&Line::End { records, sha256 })?;
        let number = lines.number;
        lines.out.flush().map_err(|error| broken(number, error))?;
        Ok(census)
    }

    /// Makes a new store in `directory` from a backup. A backup that is cut or changed, or has a line that
    /// cannot be read, is an error that names the line, and leaves no store.
    pub fn restore(directory: &Path, from: &mut dyn BufRead) -> Result<Store, StoreError> {
        let step = |source| StoreError::Directory {
            path: directory.to_owned(),
            source,
        };
        if holds_records(directory) {
            let path = directory.to_owned();
            return Err(StoreError::NotEmpty { path });
        }
        fs::create_dir_all(directory).map_err(step)?;
        let lock = DirectoryLock::take(directory)?;
        let beside = directory.join(RESTORED);
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(step)?;
        }
        let filled = Store::open(&beside).and_then(|store| {
            fill(&store, from)?;
            store.check()
        });
        if let Err(error) = filled {
            let _ = fs::remove_dir_all(&beside);
            return Err(error);
        }
        // From here on it is the store: what knows of its last write follows.
        fs::rename(records(&beside), records(directory)).map_err(step)?;
        witness::take_over(&beside, directory).map_err(step)?;
        File::open(directory)
            .and_then(|folder| folder.sync_all())
            .map_err(step)?;
        Self::opened(directory, lock)
    }

    fn each(
        &self,
        shelf: Shelf,
        mut with: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let entries = self.range(shelf, &from, STRIDE)?;
            for (key, value) in &entries {
                with(key, value)?;
            }
            match entries.into_iter().last() {
                None => return Ok(()),
                Some((mut key, _)) => {
                    key.push(0);
                    from = key;
                }
            }
        }
    }
}

/// Writes what the lines of a backup say, up to its last one, which must fit.
fn fill(store: &Store, from: &mut dyn BufRead) -> Result<(), StoreError> {
    let mut waiting: BTreeMap<Shelf, Vec<Change>> = BTreeMap::new();
    let (mut records, mut ended, mut last) = (0_u64, false, 0);
    let mut digest = Sha256::new();
    for (number, text) in (1..).zip(from.split(b'\n')) {
        last = number;
        let text = text.map_err(|error| broken(number, error))?;
        let line = serde_json::from_slice(&text).map_err(|error| broken(number, error))?;
        match line {
            _ if ended => return Err(broken(number, "there is more after the end")),
            Line::Head { format } if number == 1 && format <= format::FORMAT => {}
            Line::Head { format } => {
                return Err(broken(number, format!("format {format} is not known here")));
            }
            _ if number == 1 => {
                return Err(broken(number, "the first line must name the format"));
            }
            Line::Record { shelf, key, value } => {
                let shelf = Shelf::named(&shelf)
                    .ok_or_else(|| broken(number, format!("no shelf {shelf}")))?;
                let decode =
                    |text: &str| STANDARD.decode(text).map_err(|error| broken(number, error));
                let batch = waiting.entry(shelf).or_default();
                batch.push((decode(&key)?, Some(decode(&value)?)));
                if batch.len() == STRIDE {
                    store.write(shelf, std::mem::take(batch))?;
                }
                records += 1;
            }
            Line::End { records: told, .. } if told != records => {
                let problem = format!("{records} records came, {told} were written");
                return Err(broken(number, problem));
            }
            Line::End { sha256, .. } if sha256 != hex(&digest.clone().finalize()) => {
                let problem = "the lines before it are not those that were written";
                return Err(broken(number, problem));
            }
            Line::End { .. } => ended = true,
        }
        digest.update(&text);
        digest.update(b"\n");
    }
    for (shelf, batch) in waiting {
        store.write(shelf, batch)?;
    }
    if ended {
        Ok(())
    } else {
        let problem = "the backup is cut: its last line is missing";
        Err(broken(last + 1, problem))
    }
}

fn broken(line: usize, problem: impl ToString) -> StoreError {
    let problem = problem.to_string();
    StoreError::Backup { line, problem }
}
