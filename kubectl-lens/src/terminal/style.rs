//! Which words get which colour.

use anstyle::{AnsiColor, Style};
use kubelens_core::model::{Risk, Severity};

/// The styles of everything that is printed; whether they reach the terminal is the stream's choice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme;

impl Theme {
    /// What a line is about.
    pub(crate) const LABEL: Style = Style::new().dimmed();
    /// What is there for the record.
    pub(crate) const QUIET: Style = Style::new().dimmed();
    /// The one line of an entry that must be seen.
    pub(crate) const TITLE: Style = Style::new().bold();
    /// A command to copy.
    pub(crate) const COMMAND: Style = AnsiColor::Cyan.on_default();
    /// All is well.
    pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
    /// Something went wrong.
    pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

    pub(crate) const fn severity(severity: Severity) -> Style {
        match severity {
            Severity::Critical => AnsiColor::Red.on_default().bold(),
            Severity::Warning => AnsiColor::Yellow.on_default().bold(),
            Severity::Info => AnsiColor::Blue.on_default(),
        }
    }

    pub(crate) const fn risk(risk: Risk) -> Style {
        match risk {
            Risk::None => AnsiColor::Green.on_default(),
            Risk::Low => Self::QUIET,
            Risk::Medium => AnsiColor::Yellow.on_default(),
            Risk::High => AnsiColor::Red.on_default().bold(),
        }
    }
}
