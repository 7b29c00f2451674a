//! The program as users run it: words in, streams and exit status out.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "what a test cannot set up fails it"
)]

mod api_server;
mod bad_files;
mod bad_input;
mod book;
mod check;
mod completion;
mod config;
mod contexts;
mod diagnose;
mod diff;
mod harness;
mod help;
mod hostile;
#[cfg(unix)]
mod interrupt;
mod offline;
mod outputs;
mod requests;
mod rules;
mod settle;
mod snapshot;
mod why;
