//! The server on bad days: each fault is made, what the server answers meanwhile is looked at, and how long it takes
//! until all is well again without a restart. `BLESS=1` writes the table of `docs/src/reliability.md`; without it, each
//! row must say what is in there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod clock;
mod cluster;
mod connections;
mod lost_answer;
mod signed_in;
mod state_directory;
mod table;
