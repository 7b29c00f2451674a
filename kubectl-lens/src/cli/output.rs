//! How to print.

use clap::{ArgAction, Args};

use crate::terminal::ColorChoice;

/// Flags of every verb that prints.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OutputFlags {
    /// Output format: wide, table, json, yaml, name, markdown, jsonpath=TEMPLATE,
    /// jsonpath-file=FILE, custom-columns=SPEC, custom-columns-file=FILE; for reports also ndjson,
    /// csv, junit, sarif, github, prometheus, dot, mermaid
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    pub(crate) output: Option<String>,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_possible_values = true,
        help_heading = "Output",
        help = "When to colour: auto, always or never"
    )]
    pub(crate) color: ColorChoice,
    /// Show no progress
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) no_progress: bool,
    /// Tell more about what is done, on standard error; -vv and -vvv tell still more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
}
