//! A program of the control plane that never outlives the test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A running program. It ends when this is dropped, and also when this process is killed: its guard
/// (`attendant guard`) watches the pipe whose other end lives here.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts `argv` under the guard `attendant`; what it prints goes to `<folder>/<name>.log`.
    pub(super) fn start(
        attendant: &Path,
        name: &str,
        argv: &[String],
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let child = Command::new(attendant)
            .arg("guard")
            .args(argv)
            // A short-lived control plane: memory is cheaper than collecting it.
            .env("GOGC", "200")
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("start {name} under {}", attendant.display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// What it was started as.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// An error with the end of its log, if the program has ended by itself.
    pub(super) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines
                .get(lines.len().saturating_sub(15)..)
                .unwrap_or_default();
            bail!("{} ended ({status}):\n{}", self.name, tail.join("\n"));
        }
        Ok(())
    }

    /// Tells the guard to stop the program, without waiting for it.
    pub(super) fn stop(&mut self) {
        drop(self.child.stdin.take());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
        // There is nobody to tell when waiting fails; the guard kills the program all the same.
        drop(self.child.wait());
    }
}
