//! How the answer is printed.

use std::io::IsTerminal;

use crate::{
    cli::OutputFlags,
    failure::Failure,
    render::Format,
    terminal::{self, Progress, Streams},
};

/// How and where to print.
#[derive(Debug, Clone)]
pub(crate) struct OutputSettings {
    pub(crate) format: Format,
    pub(crate) streams: Streams,
    /// Columns to lay the answer out for.
    pub(crate) width: usize,
    /// Columns for lists; without end where a program reads on, which finds a row in one line.
    pub(crate) table_width: usize,
    pub(crate) progress: Progress,
}

impl OutputSettings {
    pub(crate) fn new(flags: &OutputFlags) -> Result<Self, Failure> {
        let format = flags.output.as_deref().map(Format::parse).transpose()?;
        let format = format.unwrap_or_default();
        let streams = Streams::new(flags.color);
        // Log lines and moving lines would write over each other.
        let moves = !flags.no_progress && flags.verbose == 0 && std::io::stderr().is_terminal();
        let columns = terminal::columns();
        let table_width = columns.map_or(usize::MAX, |columns| columns.max(40));
        Ok(Self {
            width: match format {
                Format::Table => table_width,
                _ => columns.unwrap_or(80).clamp(40, 160),
            },
            table_width,
            format,
            streams,
            progress: Progress::new(moves, streams),
        })
    }
}
