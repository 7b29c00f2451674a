//! Runs the plugin and curl in turns against the loaded cluster.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::raw_lists;
use super::requests::{self, Requests};
use super::usage::{self, Usage};

/// How often each is measured.
const ROUNDS: usize = 5;

/// Where the cluster is, and whose audit log to read.
#[derive(Debug)]
pub struct Place<'a> {
    /// The plugin.
    pub plugin: &'a Path,
    /// `https://127.0.0.1:PORT`.
    pub server: &'a str,
    /// The certificate of the authority behind it.
    pub authority: PathBuf,
    /// The user's token, and the kubeconfig that holds it.
    pub token: &'a str,
    /// The same user's kubeconfig.
    pub kubeconfig: PathBuf,
    /// What the server writes down about this user.
    pub audit: PathBuf,
    /// A folder for what is printed.
    pub scratch: &'a Path,
}

/// All that was measured.
#[derive(Debug)]
pub struct Rounds {
    /// The lists by curl.
    pub curl: Vec<Usage>,
    /// The whole runs of the plugin.
    pub plugin: Vec<Usage>,
    /// What the last run of the plugin asked.
    pub requests: Requests,
    /// What it printed.
    pub report: Value,
}

/// One unmeasured round, which fills the server's caches, then the measured ones.
pub fn all(place: &Place<'_>, say: impl Fn(String)) -> Result<Rounds> {
    let curl_words = raw_lists::arguments(place.server, &place.authority, place.token);
    let mut plugin_words: Vec<OsString> = ["diagnose", "-A", "-o", "json", "--kubeconfig"]
        .map(OsString::from)
        .to_vec();
    plugin_words.push(place.kubeconfig.clone().into());
    let printed = place.scratch.join("report.json");
    let mut rounds = Rounds {
        curl: Vec::new(),
        plugin: Vec::new(),
        requests: Requests::default(),
        report: Value::Null,
    };
    for number in 0..=ROUNDS {
        let curl = usage::of(
            Path::new("curl"),
            &curl_words,
            &place.scratch.join("curl.out"),
        )?;
        let mark = requests::mark(&place.audit)?;
        let plugin = usage::of(place.plugin, &plugin_words, &printed)?;
        rounds.requests = requests::since(&place.audit, mark)?;
        say(format!(
            "{number}: curl {:.2} s, plugin {:.2} s wall, {:.2} s CPU, {:.1} MB",
            curl.wall.as_secs_f32(),
            plugin.wall.as_secs_f32(),
            plugin.cpu.as_secs_f32(),
            megabytes(plugin.peak),
        ));
        if number > 0 {
            rounds.curl.push(curl);
            rounds.plugin.push(plugin);
        }
    }
    rounds.report = serde_json::from_slice(&std::fs::read(&printed)?).context("the report")?;
    Ok(rounds)
}

/// Bytes in units of a million.
#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
