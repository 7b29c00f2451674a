//! `kubectl lens`: says what is broken in a cluster, why, with the proof, and what to do.

mod baseline;
mod catalog;
mod cli;
mod clusters;
mod commands;
mod configuration;
mod destination;
mod exit;
mod failure;
mod interrupt;
mod jsonpath;
mod kinds;
mod logging;
mod logs;
mod manifests;
mod nearest;
mod packs;
mod picture;
mod render;
mod route;
mod settings;
mod target;
mod terminal;

use std::process::ExitCode;

// It gives back what fell free; the system's own keeps it, after a while as much as is in use.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    commands::run(words).into()
}
