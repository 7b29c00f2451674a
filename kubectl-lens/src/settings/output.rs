//! How the answer is printed.

use std::io::IsTerminal;

use crate::{
    cli::OutputFlags,
    failure::Failure,
    render::Format,
    terminal::{self, Streams},
};

/// How and where to print.
#[derive(Debug, Clone)]
pub(crate) struct OutputSettings {
    pub(crate) format: Format,
    pub(crate) streams: Streams,
    pub(crate) width: usize,
    pub(crate) progress: bool,
}

impl OutputSettings {
    pub(crate) fn new(flags: &OutputFlags) -> Result<Self, Failure> {
        Ok(Self {
            format: flags
                .output
                .as_deref()
                .map(Format::parse)
                .transpose()?
                .unwrap_or_default(),
            streams: Streams::new(flags.color),
            width: terminal::width(),
            // Log lines and moving lines would write over each other.
            progress: !flags.no_progress && flags.verbose == 0 && std::io::stderr().is_terminal(),
        })
    }
}
