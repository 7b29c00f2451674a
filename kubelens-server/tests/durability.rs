//! A server that is killed at a random moment, or whose disk is full, has lost nothing that it
//! acknowledged.
//!
//! The child is this same test program: it writes to a store and to an audit trail, and notes each
//! acknowledgement in a file. The parent kills it (SIGKILL), or lets no file of it grow, and looks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test cannot set up fails it"
)]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kubelens_server::access::Role;
use kubelens_server::audit::{Audit, AuditCommand, AuditFilter, AuditOptions, Intent};
use kubelens_server::store::{Shelf, Store};

const DIRECTORY: &str = "KUBELENS_TEST_KILLED_DIRECTORY";
const ROUNDS: u32 = 8;

fn intent(target: &str) -> Intent {
    Intent {
        user: "ann".to_owned(),
        role: Role::Operator,
        action: "pod.delete".to_owned(),
        method: "DELETE".to_owned(),
        path: "/api/pods/shop/web".to_owned(),
        cluster: None,
        target: Some(target.to_owned()),
        reason: None,
        dry_run: false,
        request_id: None,
        client_ip: None,
    }
}

/// Runs only as a child, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else {
        return;
    };
    let directory = Path::new(&directory);
    let store = Store::open(&directory.join("state")).unwrap();
    let audit = Audit::open(AuditOptions::default(), Some(store.clone())).unwrap();
    let mut told = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join("acknowledged"))
        .unwrap();
    let epoch = std::process::id();
    for number in 0.. {
        let name = format!("{epoch}-{number}");
        // Two at once, so that writes meet in one flush.
        let other = audit.begin(intent(&format!("{name}-open")));
        let (ticket, open) = tokio::join!(audit.begin(intent(&name)), other);
        writeln!(told, "intent {name}-open").unwrap();
        std::mem::forget(open.unwrap());
        audit.end(ticket.unwrap(), 200, 0).await.unwrap();
        writeln!(told, "outcome {name}").unwrap();
        let (keeper, key) = (store.clone(), name.clone());
        let put = move || keeper.put(Shelf::Records, key.as_bytes(), key.as_bytes());
        tokio::task::spawn_blocking(put).await.unwrap().unwrap();
        writeln!(told, "record {name}").unwrap();
    }
}

fn kill_a_child(directory: &Path, after: Duration) {
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program)
        .args(["--exact", "killed", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    assert!(
        !child.wait().unwrap().success(),
        "the child ended by itself"
    );
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let mut seen = 0;
    for round in 0..ROUNDS {
        let mut random = [0_u8; 2];
        getrandom::fill(&mut random).unwrap();
        let after = 150 + u64::from(u16::from_le_bytes(random) % 350);
        kill_a_child(directory.path(), Duration::from_millis(after));

        let told =
            std::fs::read_to_string(directory.path().join("acknowledged")).unwrap_or_default();
        let store = Store::open(&state).unwrap();
        store.check().unwrap();
        let audit = Audit::open(AuditOptions::default(), Some(store.clone())).unwrap();
        let mut lines = Vec::new();
        audit.export(&AuditFilter::default(), &mut lines).unwrap();
        let text = String::from_utf8(lines).unwrap();
        let targets: BTreeSet<(String, String)> = text
            .lines()
            .map(|line| {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                let text = |it: &serde_json::Value| it.as_str().unwrap_or_default().to_owned();
                (text(&record["phase"]), text(&record["entry"]["target"]))
            })
            .collect();
        // The last line may be half written: it was not acknowledged.
        let whole = told.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for (what, name) in whole.lines().filter_map(|it| it.split_once(' ')) {
            seen += 1;
            match what {
                "record" => {
                    let value = store.get(Shelf::Records, name.as_bytes()).unwrap();
                    assert_eq!(value.as_deref(), Some(name.as_bytes()), "round {round}");
                }
                phase => {
                    let wanted = (phase.to_owned(), name.to_owned());
                    assert!(
                        targets.contains(&wanted),
                        "round {round}: {wanted:?} is lost"
                    );
                    // Whatever was open when it died has an outcome now.
                    let closed = ("outcome".to_owned(), name.to_owned());
                    assert!(targets.contains(&closed), "round {round}: {name} is open");
                }
            }
        }
        drop((audit, store));
        verify(&state);
    }
    assert!(
        seen > 0,
        "no child lived long enough to acknowledge anything"
    );
}

/// The trail of a store that its last writer may still be letting go.
fn verify(state: &Path) {
    let command = AuditCommand::Verify {
        files: Vec::new(),
        anchors: Vec::new(),
    };
    for _ in 0..500 {
        let mut told = Vec::new();
        match command.run(state, &mut told) {
            Ok(intact) => {
                assert!(intact, "{}", String::from_utf8_lossy(&told));
                return;
            }
            Err(error) if error.to_string().contains("another process") => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store was never let go");
}

const FULL: &str = "KUBELENS_TEST_FULL_DIRECTORY";

/// Runs only as a child whose files cannot grow beyond a limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full() {
    let Ok(directory) = std::env::var(FULL) else {
        return;
    };
    let directory = Path::new(&directory);
    let store = Store::open(&directory.join("state")).unwrap();
    let audit = Audit::open(AuditOptions::default(), Some(store)).unwrap();
    for number in 0..20_000 {
        // Letters that do not repeat, so that compression gains little.
        let filler: String = (0..12)
            .map(|_| {
                let mut random = [0_u8; 40];
                getrandom::fill(&mut random).unwrap();
                random.map(|it| format!("{it:02x}")).concat()
            })
            .collect();
        let ticket = match audit.begin(intent(&format!("{number} {filler}"))).await {
            Ok(ticket) => ticket,
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("changes are refused"), "{text}");
                assert_eq!(audit.health().problem, Some(text));
                audit.begin(intent("again")).await.unwrap_err();
                // Reading goes on.
                audit.find(&AuditFilter::default()).unwrap();
                std::fs::write(directory.join("refused"), number.to_string()).unwrap();
                written_again(&audit).await;
                return;
            }
        };
        if audit.end(ticket, 200, 0).await.is_err() {
            std::fs::write(directory.join("refused"), (number + 1).to_string()).unwrap();
            written_again(&audit).await;
            return;
        }
    }
    panic!("the disk was never full");
}

/// Lets files grow again: changes are accepted again, in the same process.
async fn written_again(audit: &Audit) {
    let pid = std::process::id().to_string();
    let raised = Command::new("prlimit")
        .args(["--fsize=unlimited:unlimited", "--pid", &pid])
        .status();
    assert!(raised.unwrap().success());
    for _ in 0..200 {
        if let Ok(ticket) = audit.begin(intent("there is room")).await {
            audit.end(ticket, 200, 0).await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", audit.health());
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_keeps_what_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    // A file that would grow beyond the limit is an error, not the end of the process.
    let status = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -S -f 2048; exec \"$0\" --exact full --nocapture",
        ])
        .arg(program)
        .env(FULL, directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    assert!(status.success());
    let refused = std::fs::read_to_string(directory.path().join("refused")).unwrap();
    let refused: usize = refused.parse().unwrap();
    assert!(refused > 10, "{refused}");
    let state = directory.path().join("state");
    let store = Store::open(&state).unwrap();
    let audit = Audit::open(AuditOptions::default(), Some(store)).unwrap();
    let mut lines = Vec::new();
    audit.export(&AuditFilter::default(), &mut lines).unwrap();
    let text = String::from_utf8(lines).unwrap();
    let intents = text
        .lines()
        .filter(|it| it.contains(r#""phase":"intent""#))
        .count();
    assert!(intents >= refused, "{intents} of {refused}");
    assert!(text.contains("there is room"), "it did not come back");
    let ticket = audit.begin(intent("after")).await.unwrap();
    audit.end(ticket, 200, 0).await.unwrap();
    drop(audit);
    verify(&state);
}
