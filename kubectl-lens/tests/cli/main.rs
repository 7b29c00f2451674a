//! The program as users run it: words in, streams and exit status out.

#![allow(clippy::expect_used, reason = "what a test cannot set up fails it")]

mod bad_files;
mod bad_input;
mod completion;
mod config;
mod diagnose;
mod harness;
mod help;
mod hostile;
#[cfg(unix)]
mod interrupt;
mod offline;
mod outputs;
mod rules;
mod snapshot;
mod why;
