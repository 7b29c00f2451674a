//! The API through its public door: the router, over the simulated cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod actions;
mod commands;
mod described;
mod errors;
mod found;
mod guarded;
mod history;
mod idempotency;
mod inventory;
mod lists;
mod measured;
mod pages;
mod reports;
mod rights;
mod secrets;
mod selections;
mod server;
mod signed_in;
mod streams;
mod system;
