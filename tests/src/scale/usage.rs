//! What a command costs: wall time, CPU time of its own, and its peak memory.
//!
//! The system tells the peak only of all children together, so every command runs as the one child of a small
//! process of its own: this program, called again.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

/// The first argument with which this program measures one command.
pub const MEASURE: &str = "--measure";

/// What a command cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Usage {
    /// From its start to its end.
    pub wall: Duration,
    /// User and system time of it and of its children.
    pub cpu: Duration,
    /// Most memory that was resident at any time, in bytes.
    pub peak: u64,
}

/// Runs a command, its standard output going to `output`, and says what it cost.
pub fn of(program: &Path, arguments: &[OsString], output: &Path) -> Result<Usage> {
    let ran = Command::new(std::env::current_exe()?)
        .arg(MEASURE)
        .arg(output)
        .arg(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(
        ran.status.success(),
        "{} failed: {}",
        program.display(),
        ran.status
    );
    serde_json::from_slice(&ran.stdout).context("a measurement")
}

/// The other side of [`of`]: runs `OUTPUT PROGRAM ARGUMENTS...` and returns its cost.
pub fn measure(mut words: impl Iterator<Item = OsString>) -> Result<Usage> {
    let output = words.next().context("where does its output go?")?;
    let program = words.next().context("what is to be measured?")?;
    let mut command = Command::new(&program);
    command.args(words).stdout(std::fs::File::create(&output)?);
    let started = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("run {}", program.display()))?;
    let wall = started.elapsed();
    ensure!(status.success(), "{}: {status}", program.display());
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(Usage {
        wall,
        cpu: seconds(usage.user_time()) + seconds(usage.system_time()),
        // Linux counts in KiB.
        peak: u64::try_from(usage.max_rss())? * 1024,
    })
}

/// CPU time of this process so far.
pub fn own_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Most memory that was resident in this process at any time, in bytes.
pub fn own_peak() -> Result<u64> {
    Ok(u64::try_from(getrusage(UsageWho::RUSAGE_SELF)?.max_rss())? * 1024)
}

/// Memory that is resident in this process now, in bytes.
pub fn own_now() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .context("VmRSS in /proc/self/status")?;
    Ok(kib.parse::<u64>()? * 1024)
}

fn seconds(time: nix::sys::time::TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

/// The value in the middle.
pub fn median<T: Ord + Copy + Default>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
