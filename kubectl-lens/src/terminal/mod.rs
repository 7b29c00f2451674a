//! The door to the user: how wide the terminal is, what may be printed on it, when to colour it,
//! and what moves on it while work goes on.

mod command_line;
mod page;
mod printable;
mod progress;
mod streams;
mod style;
mod wrap;

pub(crate) use command_line::fold_command;
pub(crate) use kubelens_core::model::{age, instant};
pub(crate) use page::{Page, Span};
pub(crate) use printable::{is_dangerous, printable};
pub(crate) use progress::Progress;
pub(crate) use streams::{ColorChoice, Streams, columns, rows, take_back};
pub(crate) use style::Theme;
