//! What holds for the crate as a whole: arrows between rooms, generated documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod arrows;
mod other_tools;
mod pages;
mod schema;
mod thresholds;

use std::path::{Path, PathBuf};

/// The top of the workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace")
        .to_path_buf()
}

/// Compares a generated document with the one that is checked in; `BLESS=1` rewrites it.
fn check_generated(path: &Path, text: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, text).expect("the document");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == text,
        "{} is stale: run BLESS=1 cargo test -p kubelens-core --test house",
        path.display()
    );
}
