//! The system's clock.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::diagnosis;
use kubelens_tests::server::{SOON, Server};

use crate::signed_in::{EVE, TOKENS, is_signed_in, written_again};
use crate::table::{Row, told};

/// Debian's library that gives a program another time.
const FAKETIME: &str = "faketime/libfaketime.so.1";

/// Where it lies; installed where that may be done.
fn faketime() -> Option<PathBuf> {
    let find = || {
        let triples = fs::read_dir("/usr/lib").ok()?.flatten();
        let mut places = triples.map(|triple| triple.path().join(FAKETIME));
        places.find(|place| place.exists())
    };
    find().or_else(|| {
        let script =
            "apt-get update -q && apt-get install -y -q --no-install-recommends libfaketime";
        let _ = Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        find()
    })
}

/// The system's clock jumps a day ahead and back: who is signed in stays so, keys and the trail are kept, and no
/// figure is of a time that never was.
#[test]
fn the_clock_jumps() -> Result<()> {
    let Some(library) = faketime() else {
        eprintln!(
            "a clock that jumps is not tested: libfaketime is not there and cannot be installed"
        );
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let clock = folder.path().join("clock");
    fs::write(&clock, "+0")?;
    let state = folder.path().join("state");
    let library = library.to_str().context("a path")?;
    let file = clock.to_str().context("a path")?;
    let mut settings = TOKENS.to_vec();
    settings.extend([
        ("WRITE_ACTIONS_ENABLED", "true"),
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]);
    let server = Server::demo(&state, &settings)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    let (_, cookie) = written_again(&server)?;
    let cordon = || {
        let key = ("Idempotency-Key", "once");
        server.ask("POST", "/api/nodes/node-worker-1/cordon", &[EVE, key], "{}")
    };
    let first = cordon()?;
    ensure!(first.status == 200, "{} {}", first.status, first.body);
    let entries = |server: &Server| -> Result<usize> {
        let trail = server.ask("GET", "/api/audit?action=node.cordon", &[EVE], "")?;
        Ok(trail.json()["items"].as_array().context("items")?.len())
    };
    let today = server.get("/api/healthz")?.1;
    for jump in ["+25h", "-25h", "+0"] {
        fs::write(&clock, jump)?;
        let started = Instant::now();
        // It has arrived where the server's own time says so.
        let there = server.get("/api/healthz")?.1;
        ensure!(
            jump == "+0" || day(&there)? != day(&today)?,
            "{there} {today}"
        );
        ensure!(is_signed_in(&server, &cookie)?, "{jump}: signed out");
        let again = cordon()?;
        ensure!(
            again.header("idempotency-replayed") == Some("true"),
            "{jump}: {}",
            again.body
        );
        ensure!(entries(&server)? >= 1, "{jump}: the trail is shorter");
        let text = server
            .ask("GET", "/api/metrics/prometheus", &[EVE], "")?
            .body;
        let negative = text
            .lines()
            .find(|line| line.contains("_seconds") && line.contains(" -"));
        ensure!(negative.is_none(), "{jump}: {negative:?}");
        server.until("/api/readyz", |ready| ready["status"] == "ok")?;
        ensure!(started.elapsed() < SOON, "{jump}");
    }
    let begun = Instant::now();
    let report = server.ask("GET", "/api/report", &[EVE], "")?;
    ensure!(report.status == 200, "{}", report.body);
    let recovered = begun.elapsed();
    server.stop()?;
    let verified = Command::new(diagnosis::server().context("a server")?)
        .arg("--state-dir")
        .arg(&state)
        .args(["audit", "verify"])
        .output()?;
    ensure!(verified.status.success(), "{verified:?}");
    told(&[Row {
        fault: "The clock jumps a day ahead, two back, and to where it was",
        seen: "sessions, `Idempotency-Key`s and the audit trail are kept; readyz: ok",
        recovered,
    }])
}

/// The day that an answer of healthz tells.
fn day(health: &str) -> Result<String> {
    let health: serde_json::Value = serde_json::from_str(health)?;
    let at = health["timestamp"].as_str().context("a timestamp")?;
    Ok(at.split('T').next().unwrap_or_default().to_owned())
}
