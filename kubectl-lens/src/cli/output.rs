//! How to print.

use clap::{ArgAction, Args};

use crate::terminal::ColorChoice;

/// Flags of every verb that prints.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OutputFlags {
    /// Output format: human, wide, table, json, yaml, name, markdown, jsonpath=TEMPLATE,
    /// jsonpath-file=FILE, custom-columns=SPEC, custom-columns-file=FILE; for reports also html,
    /// ndjson, csv, junit, sarif, github, prometheus, dot, mermaid. FORMAT=FILE writes to a file;
    /// give the flag again for further outputs
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT[=FILE]",
        help_heading = "Output"
    )]
    pub(crate) output: Vec<String>,
    /// Write the one output to this file; - is standard output
    #[arg(long, global = true, value_name = "FILE", help_heading = "Output")]
    pub(crate) output_file: Option<String>,
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
