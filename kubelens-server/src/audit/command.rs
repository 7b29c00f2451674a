use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::chain::Anchor;
use super::filter::AuditFilter;
use super::verify::{Check, Verdict};
use super::{AuditError, ledger};
use crate::store::Store;

/// `kubelens-server audit …`: works on the trail of a server that does not run, or on its files.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Find edited, missing, swapped and cut records
    Verify {
        /// Files of AUDIT_LOG_FILE or of an export, oldest first; none = the state directory
        files: Vec<PathBuf>,
        /// A record known from elsewhere, as the server's log names its checkpoints
        #[arg(long = "anchor", value_name = "SEQUENCE:HASH")]
        anchors: Vec<Anchor>,
    },
    /// Write records as JSON lines with their hashes
    Export {
        /// This person only
        #[arg(long)]
        user: Option<String>,
        /// This action only
        #[arg(long)]
        action: Option<String>,
        /// Records that name this object
        #[arg(long)]
        target: Option<String>,
        /// Not before, RFC 3339
        #[arg(long)]
        since: Option<jiff::Timestamp>,
        /// Not after, RFC 3339
        #[arg(long)]
        until: Option<jiff::Timestamp>,
    },
}

impl AuditCommand {
    /// Does it and tells on `out`. Says whether the trail is intact; an export always is.
    pub fn run(&self, directory: &Path, out: &mut dyn Write) -> Result<bool, AuditError> {
        match self {
            AuditCommand::Verify { files, anchors } => {
                let verdict = if files.is_empty() {
                    verify_store(directory, anchors)?
                } else {
                    let mut check = Check::new(None, None, anchors);
                    for path in files {
                        read_lines(path, &mut check)?;
                    }
                    check.end()
                };
                tell(&verdict, out).map_err(|error| failed(Path::new("output"), error))?;
                Ok(verdict.is_intact())
            }
            AuditCommand::Export {
                user,
                action,
                target,
                since,
                until,
            } => {
                let filter = AuditFilter {
                    user: user.clone(),
                    action: action.clone(),
                    target: target.clone(),
                    since: *since,
                    until: *until,
                    ..AuditFilter::default()
                };
                ledger::export(&Store::open_existing(directory)?, &filter, out)?;
                Ok(true)
            }
        }
    }
}

/// Checks the trail of a state directory that no server has open, against its own head, floor and
/// checkpoints and what is known from elsewhere.
pub(super) fn verify_store(directory: &Path, anchors: &[Anchor]) -> Result<Verdict, AuditError> {
    let store = Store::open_existing(directory)?;
    let ends = ledger::ends(&store)?;
    let known: Vec<_> = ends.checkpoints.iter().chain(anchors).cloned().collect();
    let mut check = Check::new(Some(&ends.floor), ends.head.as_ref(), &known);
    ledger::each(&store, |record| {
        check.take(&record.line());
        Ok(())
    })?;
    Ok(check.end())
}

fn tell(verdict: &Verdict, out: &mut dyn Write) -> std::io::Result<()> {
    for fault in &verdict.faults {
        writeln!(out, "{fault}")?;
    }
    let unnamed = verdict.fault_count - verdict.faults.len() as u64;
    if unnamed > 0 {
        writeln!(out, "and {unnamed} more")?;
    }
    let state = if verdict.is_intact() {
        "intact"
    } else {
        "NOT intact"
    };
    write!(out, "{} records, {state}", verdict.records)?;
    match &verdict.last {
        Some(Anchor { seq, hash }) => writeln!(out, "; last {seq}:{hash}"),
        None => writeln!(out),
    }
}

fn read_lines(path: &Path, check: &mut Check) -> Result<(), AuditError> {
    let file = File::open(path).map_err(|error| failed(path, error))?;
    for line in BufReader::new(file).lines() {
        check.take(&line.map_err(|error| failed(path, error))?);
    }
    Ok(())
}

fn failed(path: &Path, error: std::io::Error) -> AuditError {
    AuditError::File {
        path: path.to_owned(),
        problem: error.to_string(),
    }
}
