//! Measures one thing in a process of its own: the system tells the peak memory of a whole process only.

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;

/// Runs this program again with these words and reads the measurement that it prints.
pub fn measured<T: DeserializeOwned>(words: &[&str]) -> Result<T> {
    let ran = std::process::Command::new(std::env::current_exe()?)
        .args(words)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(ran.status.success(), "{}: {}", words.join(" "), ran.status);
    serde_json::from_slice(&ran.stdout).context("a measurement")
}
