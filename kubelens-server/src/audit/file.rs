use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::AuditError;
use super::chain::Record;

/// A file is closed and a new one begun at this length, in bytes.
const LONGEST: u64 = 64 << 20;
/// Closed files that are kept, `.1` the newest.
const KEPT: u32 = 10;

/// The trail as JSON lines, for collectors of logs. A copy: the store decides.
pub(super) struct AuditFile {
    path: PathBuf,
    file: File,
    length: u64,
    last_seq: u64,
}

impl AuditFile {
    /// Opens it for appending. A line that a crash left half written is cut off.
    pub(super) fn open(path: &Path) -> Result<AuditFile, AuditError> {
        Self::try_open(path).map_err(|error| failed(path, error))
    }

    fn try_open(path: &Path) -> std::io::Result<AuditFile> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)?;
        let (mut length, mut last_seq) = (0, 0);
        let mut lines = BufReader::new(&mut file);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 && line.ends_with('\n') {
            length += line.len() as u64;
            if let Ok(record) = serde_json::from_str::<Record>(line.trim_end()) {
                last_seq = record.seq;
            }
            line.clear();
        }
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        if length == 0 {
            last_seq = last_of(&numbered(path, 1));
        }
        Ok(AuditFile {
            path: path.to_owned(),
            file,
            length,
            last_seq,
        })
    }

    /// The last record that it has.
    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Appends records; they are on the disk when this returns, or the file is as before.
    pub(super) fn append(&mut self, records: &[Record]) -> Result<(), AuditError> {
        let mut text = String::new();
        for record in records {
            text.push_str(&record.line());
            text.push('\n');
        }
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let _ = self.file.set_len(self.length);
            return Err(failed(&self.path, error));
        }
        self.length += text.len() as u64;
        self.last_seq = records.last().map_or(self.last_seq, |it| it.seq);
        if self.length >= LONGEST {
            self.rotate().map_err(|error| failed(&self.path, error))?;
        }
        Ok(())
    }

    fn rotate(&mut self) -> std::io::Result<()> {
        for number in (1..KEPT).rev() {
            let from = numbered(&self.path, number);
            if from.exists() {
                std::fs::rename(from, numbered(&self.path, number + 1))?;
            }
        }
        std::fs::rename(&self.path, numbered(&self.path, 1))?;
        self.file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn last_of(path: &Path) -> u64 {
    let Ok(file) = File::open(path) else {
        return 0;
    };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    let records = lines.filter_map(|line| serde_json::from_str::<Record>(&line).ok());
    records.last().map_or(0, |it| it.seq)
}

fn failed(path: &Path, error: std::io::Error) -> AuditError {
    AuditError::File {
        path: path.to_owned(),
        problem: error.to_string(),
    }
}
