//! The disk under the state directory.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::server::Server;

use crate::signed_in::{EVE, TOKENS, is_signed_in, written_again};
use crate::table::{Row, told};

/// Who is refused is told why, and reading goes on.
fn refused_and_read(server: &Server) -> Result<()> {
    let body = r#"{"token":"token-of-eve-000000"}"#;
    let started = Instant::now();
    let answer = server.ask("POST", "/api/auth/login", &[], body)?;
    ensure!(answer.status == 503, "{} {}", answer.status, answer.body);
    ensure!(started.elapsed() < Duration::from_secs(2), "it waited");
    let ready = server.ask("GET", "/api/readyz", &[], "")?;
    ensure!(
        ready.status == 503 && ready.body.contains(r#""state""#),
        "{}",
        ready.body
    );
    let report = server.ask("GET", "/api/report", &[EVE], "")?;
    ensure!(report.status == 200, "{}", report.body);
    Ok(())
}

#[test]
fn a_state_directory_on_bad_days() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("disk");
    fs::create_dir(&disk)?;
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=48m", "none"])
        .arg(&disk)
        .stderr(Stdio::null())
        .status()?;
    let state = disk.join("state");
    let server = Server::demo(&state, &TOKENS)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    let (_, first) = written_again(&server)?;
    let mut rows = Vec::new();
    if mounted.success() {
        let filler = disk.join("filler");
        let mut file = fs::File::create(&filler)?;
        for length in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![1; length]).is_ok() {}
        }
        refused_and_read(&server)?;
        fs::remove_file(&filler)?;
        drop(file);
        rows.push(Row {
            fault: "Disk of the state directory full",
            seen: "what must be kept is refused at once with 503; readyz: 503, `state`; reading goes on",
            recovered: written_again(&server)?.0,
        });
    } else {
        eprintln!("a full disk is not tested: this process may not mount one");
    }

    // Gone at once: while it is taken apart, the server may write into it.
    let gone = disk.join("gone");
    fs::rename(&state, &gone)?;
    fs::remove_dir_all(&gone)?;
    let (recovered, second) = written_again(&server)?;
    rows.push(Row {
        fault: "State directory removed",
        seen: "written anew from memory, with every session and the whole audit trail",
        recovered,
    });
    ensure!(is_signed_in(&server, &first)?, "a session was lost");

    // Killed, and started again over what is on the disk.
    drop(server);
    let server = Server::demo(&state, &TOKENS)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    ensure!(is_signed_in(&server, &first)?, "a session was lost");
    ensure!(is_signed_in(&server, &second)?, "a session was lost");
    server.stop()?;
    let program = kubelens_tests::diagnosis::server().context("a server")?;
    let verified = Command::new(program)
        .arg("--state-dir")
        .arg(&state)
        .args(["audit", "verify"])
        .output()?;
    let said = String::from_utf8_lossy(&verified.stdout);
    ensure!(
        verified.status.success() && said.contains("intact"),
        "{said}"
    );
    if mounted.success() {
        Command::new("umount").arg("-l").arg(&disk).status()?;
    }
    told(&rows)
}
