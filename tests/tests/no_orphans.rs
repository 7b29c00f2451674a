//! However a test process dies, nothing of its control plane may stay behind.
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

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use kubelens_tests::patience::{Seen, until};

/// The processes whose command line names this folder.
fn mentioning(folder: &Path) -> Result<Vec<String>> {
    let folder = folder.display().to_string();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")? {
        // A process may end while we look.
        let Ok(command) = fs::read(process?.path().join("cmdline")) else {
            continue;
        };
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(&folder) {
            found.push(command);
        }
    }
    Ok(found)
}

#[tokio::test]
async fn a_killed_test_process_takes_its_control_plane_with_it() -> Result<()> {
    if !Path::new("/proc/self/cmdline").exists() {
        return Ok(());
    }
    let mut up = Command::new(env!("CARGO_BIN_EXE_up"))
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = BufReader::new(up.stdout.take().context("a pipe")?);
    let mut line = String::new();
    while !line.starts_with("export KUBECONFIG=") {
        line.clear();
        anyhow::ensure!(output.read_line(&mut line)? > 0, "`up` ended by itself");
    }
    let kubeconfig = line.trim().trim_start_matches("export KUBECONFIG=");
    let folder = Path::new(kubeconfig).parent().context("a folder")?;
    assert!(
        mentioning(folder)?.len() >= 5,
        "etcd, API server, controllers, scheduler and kwok run"
    );
    up.kill()?;
    up.wait()?;
    until(
        "the programs to end",
        Duration::from_secs(30),
        Duration::from_millis(100),
        async || {
            let left = mentioning(folder)?;
            Ok(if left.is_empty() {
                Seen::Yes(())
            } else {
                Seen::NotYet(left.join("\n"))
            })
        },
    )
    .await?;
    // The folder is the one thing that a killed process cannot take along.
    fs::remove_dir_all(folder)?;
    Ok(())
}
