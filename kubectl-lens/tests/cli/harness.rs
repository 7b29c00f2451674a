//! Runs the program.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The program with these words, in an environment that is the same everywhere.
pub(crate) fn lens(words: &[&str]) -> Command {
    named(Path::new(env!("CARGO_BIN_EXE_kubectl-lens")), words)
}

/// As [`lens`], run under another name.
pub(crate) fn named(program: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(words)
        .env_clear()
        .env("PATH", "/nonexistent")
        .env("HOME", "/nonexistent")
        .env("KUBECONFIG", "/nonexistent/config")
        .stdin(Stdio::null());
    command
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs to the end.
pub(crate) fn run(words: &[&str]) -> Run {
    finish(lens(words).output().expect("the program starts"))
}

pub(crate) fn finish(output: Output) -> Run {
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("data is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

/// A file with this content, in a folder that lives as long as the first value.
pub(crate) fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(name);
    std::fs::write(&path, content).expect("a file");
    (dir, path)
}

/// A recorded cluster in which Deployment shop/web lacks ConfigMap web-config and nothing else is
/// wrong.
pub(crate) const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/shop.yaml");
