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
    pub(crate) width: usize,
    pub(crate) progress: Progress,
}

impl OutputSettings {
    pub(crate) fn new(flags: &OutputFlags) -> Result<Self, Failure> {
        let format = flags.output.as_deref().map(Format::parse).transpose()?;
        let streams = Streams::new(flags.color);
        // Log lines and moving lines would write over each other.
        let moves = !flags.no_progress && flags.verbose == 0 && std::io::stderr().is_terminal();
        Ok(Self {
            format: format.unwrap_or_default(),
            streams,
            width: terminal::width(),
            progress: Progress::new(moves, streams),
        })
    }
}
