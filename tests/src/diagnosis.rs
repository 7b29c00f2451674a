//! Runs the built plugin as a user does.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The plugin's binary: `$KUBELENS_BIN`, else the newest build of this workspace; nothing if there is none.
pub fn binary() -> Option<PathBuf> {
    newest("KUBELENS_BIN", "kubectl-lens")
}

/// The server's binary: `$KUBELENS_SERVER_BIN`, else the newest build of this workspace; nothing if there is none.
pub fn server() -> Option<PathBuf> {
    newest("KUBELENS_SERVER_BIN", "kubelens-server")
}

fn newest(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(PathBuf::from(path));
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), PathBuf::from);
    let built = ["release", "debug"].map(|profile| target.join(profile).join(name));
    let built = built
        .into_iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    built.max().map(|(_, path)| path)
}

/// The report of `diagnose -o json` with these further arguments.
pub fn report(binary: &Path, kubeconfig: &Path, arguments: &[&str]) -> Result<Value> {
    let output = Command::new(binary)
        .args(["diagnose", "-o", "json", "--kubeconfig"])
        .arg(kubeconfig)
        .args(arguments)
        .output()
        .with_context(|| format!("run {}", binary.display()))?;
    let error = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("diagnose {arguments:?}: {}: {error}", output.status);
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("diagnose {arguments:?} printed no JSON; standard error: {error}"))
}
