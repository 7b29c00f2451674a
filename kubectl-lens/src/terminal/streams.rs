//! Standard output and standard error.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use clap::ValueEnum;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always, also into a pipe
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    fn of(self, stream: &impl IsTerminal) -> anstream::ColorChoice {
        // Any value that is not empty asks for no colour: https://no-color.org
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => anstream::ColorChoice::Always,
            Self::Auto if stream.is_terminal() && !refused => anstream::ColorChoice::Auto,
            Self::Auto | Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// Where data and where messages go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streams {
    color: ColorChoice,
}

impl Streams {
    pub(crate) fn new(color: ColorChoice) -> Self {
        Self { color }
    }

    /// Writes data, and nothing else ever goes there. That nobody reads on is no error.
    pub(crate) fn data(self, text: &str) -> io::Result<()> {
        let stdout = io::stdout();
        let choice = self.color.of(&stdout);
        Self::write(AutoStream::new(stdout.lock(), choice), text)
    }

    /// Writes data of which every byte counts, colours or not.
    pub(crate) fn exact(text: &str) -> io::Result<()> {
        Self::write(io::stdout().lock(), text)
    }

    /// Whether messages may wear colours.
    pub(crate) fn colors_messages(self) -> bool {
        self.color.of(&io::stderr()) != anstream::ColorChoice::Never
    }

    /// Writes a message for whoever sits before the terminal.
    pub(crate) fn message(self, text: &str) {
        let stderr = io::stderr();
        let choice = self.color.of(&stderr);
        // With standard error gone there is nobody left to tell.
        let _ = Self::write(AutoStream::new(stderr.lock(), choice), text);
    }

    fn write(mut stream: impl Write, text: &str) -> io::Result<()> {
        forgive_closed_pipe(
            stream
                .write_all(text.as_bytes())
                .and_then(|()| stream.flush()),
        )
    }
}

fn forgive_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Columns of the terminal, else of `COLUMNS`; none where the output goes to a program or a file.
pub(crate) fn columns() -> Option<usize> {
    let terminal =
        terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let wanted = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.filter(|width| *width > 0).or_else(wanted)
}

/// Rows of the terminal; none where the output goes to a program or a file.
pub(crate) fn rows() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(_, height)| usize::from(height.0))
}

/// Takes the last lines off the terminal.
pub(crate) fn take_back(lines: usize) -> io::Result<()> {
    match lines {
        0 => Ok(()),
        lines => forgive_closed_pipe(console::Term::stdout().clear_last_lines(lines)),
    }
}
