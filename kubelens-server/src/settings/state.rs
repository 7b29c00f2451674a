use std::path::PathBuf;
use std::time::Duration;

use super::mode::Mode;
use super::problem::Problems;
use super::reader::Reader;
use super::sources::Sources;

/// Requests that one principal may make in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// So many.
    pub requests: u32,
    /// In so long.
    pub window: Duration,
}

/// Which reads go to the audit file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditReads {
    /// Those that show what not everybody sees.
    Sensitive,
    /// Every one.
    All,
    /// None.
    None,
}

/// Where state and the audit trail go.
#[derive(Debug, Clone)]
pub struct State {
    /// Directory of the store.
    pub directory: PathBuf,
    /// The runbooks' file, imported once.
    pub memory_file: PathBuf,
    /// JSON lines of the audit trail, besides the store.
    pub audit_file: Option<PathBuf>,
    /// Mutations and denials shown by `/api/audit`.
    pub audit_items: usize,
    /// Which reads go to the file.
    pub audit_reads: AuditReads,
}

const DIRECTORY: &str = "data";

/// Where the state is, when the rest of the settings does not matter; what is wrong where that cannot be told.
pub fn state_directory(sources: &Sources) -> Result<PathBuf, Problems> {
    let hides_it = |setting: &str| matches!(setting, "KUBELENS_CONFIG" | "STATE_DIR");
    let problems = sources.problems().iter();
    let problems: Vec<_> = problems
        .filter(|problem| hides_it(&problem.setting))
        .cloned()
        .collect();
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    Ok(sources.raw("STATE_DIR").unwrap_or(DIRECTORY).into())
}

pub(super) fn read(reader: &mut Reader<'_>) -> State {
    let reads = [
        ("sensitive", AuditReads::Sensitive),
        ("all", AuditReads::All),
        ("none", AuditReads::None),
    ];
    State {
        directory: reader.text("STATE_DIR", DIRECTORY).into(),
        memory_file: reader
            .text("MEMORY_FILE_PATH", "data/memory-runbooks.json")
            .into(),
        audit_file: reader.optional("AUDIT_LOG_FILE").map(PathBuf::from),
        audit_items: reader.number("AUDIT_MAX_ITEMS", 500, 1..=100_000),
        audit_reads: reader.choice("AUDIT_READS", AuditReads::Sensitive, &reads),
    }
}

pub(super) fn read_rate_limit(reader: &mut Reader<'_>, mode: Mode) -> Option<RateLimit> {
    let requests = if mode == Mode::Dev { 500 } else { 300 };
    let limit = RateLimit {
        requests: reader.number("RATE_LIMIT_REQUESTS", requests, 1..=1_000_000),
        window: reader.seconds("RATE_LIMIT_WINDOW_SECONDS", 60, 1..=86_400),
    };
    reader.flag("RATE_LIMIT_ENABLED", true).then_some(limit)
}
