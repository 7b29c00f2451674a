//! A store as JSON lines. A copy of a live directory is no backup; this is.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Change, Shelf, Store, StoreError, format};

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
    End {
        records: u64,
    },
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
    /// that counts them, so that a cut backup is found.
    pub fn backup(&self, out: &mut dyn Write) -> Result<Census, StoreError> {
        let mut census = Census::default();
        let mut records = 0;
        put(
            out,
            1,
            &Line::Head {
                format: format::FORMAT,
            },
        )?;
        for shelf in Shelf::ALL {
            let mut count = 0;
            self.each(shelf, |key, value| {
                count += 1;
                let line = Line::Record {
                    shelf: shelf.name().to_owned(),
                    key: STANDARD.encode(key),
                    value: STANDARD.encode(value),
                };
                put(out, records + 2, &line)?;
                records += 1;
                Ok(())
            })?;
            census.records.insert(shelf.name().to_owned(), count);
        }
        put(
            out,
            records + 2,
            &Line::End {
                records: records as u64,
            },
        )?;
        out.flush().map_err(|error| broken(records + 2, error))?;
        Ok(census)
    }

    /// Makes a new store in `directory` from a backup. A backup that is cut or has a line that
    /// cannot be read leaves a store that was never finished and an error that names the line.
    pub fn restore(directory: &Path, from: &mut dyn BufRead) -> Result<Store, StoreError> {
        let store = Store::open(directory)?;
        if store.check()?.records.values().any(|count| *count > 0) {
            let path = directory.to_owned();
            return Err(StoreError::NotEmpty { path });
        }
        let mut waiting: BTreeMap<Shelf, Vec<Change>> = BTreeMap::new();
        let (mut records, mut ended, mut last) = (0_u64, false, 0);
        for (number, line) in (1..).zip(from.lines()) {
            last = number;
            let line = line.map_err(|error| broken(number, error))?;
            let line = serde_json::from_str(&line).map_err(|error| broken(number, error))?;
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
                Line::End { records: told } if told == records => ended = true,
                Line::End { records: told } => {
                    return Err(broken(
                        number,
                        format!("{records} records came, {told} were written"),
                    ));
                }
            }
        }
        for (shelf, batch) in waiting {
            store.write(shelf, batch)?;
        }
        if ended {
            Ok(store)
        } else {
            Err(broken(
                last + 1,
                "the backup is cut: its last line is missing",
            ))
        }
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

fn broken(line: usize, problem: impl ToString) -> StoreError {
    let problem = problem.to_string();
    StoreError::Backup { line, problem }
}

fn put(out: &mut dyn Write, number: usize, line: &Line) -> Result<(), StoreError> {
    let text = serde_json::to_string(line).map_err(|error| broken(number, error))?;
    writeln!(out, "{text}").map_err(|error| broken(number, error))
}
