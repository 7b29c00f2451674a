//! The plugin against a real API server that it cannot, or only half, use; and as kubectl runs it.
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

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::control_plane::{ControlPlane, Credentials};
use kubelens_tests::diagnosis;
use kubelens_tests::dying_server::DyingServer;
use kubelens_tests::story;
use kubelens_tests::theatre::Theatre;
use serde_json::Value;

/// Faults that are told by something that is not there: the ones that half a picture tempts to invent.
const STORIES: [&str; 5] = [
    "config-map-missing",
    "secret-missing",
    "service-selector-typo",
    "storage-class-missing",
    "quota-exceeded",
];

/// The causes that rest on something not being there.
fn absences(report: &Value) -> BTreeSet<String> {
    let mut report = report.clone();
    let causes_of = report["causes"].as_array_mut().expect("causes");
    causes_of.retain(|cause| {
        let proof = cause["evidence"].as_array().expect("evidence");
        proof.iter().any(|item| item["kind"] == "absence")
    });
    causes(&report)
}

/// What a run printed, and its exit status.
#[derive(Debug)]
struct Run {
    status: i32,
    output: String,
    error: String,
}

async fn run(program: PathBuf, arguments: Vec<String>, path: Option<PathBuf>) -> Result<Run> {
    let run = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(&program);
        command.args(&arguments).env_remove("KUBECONFIG");
        if let Some(path) = path {
            command.env("PATH", path);
        }
        command.output()
    })
    .await??;
    Ok(Run {
        status: run.status.code().context("ended by a signal")?,
        output: String::from_utf8(run.stdout)?,
        error: String::from_utf8(run.stderr)?,
    })
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(ToString::to_string).collect()
}

/// `code subject` of every cause.
fn causes(report: &Value) -> BTreeSet<String> {
    let causes = report["causes"].as_array().expect("causes");
    causes
        .iter()
        .map(|cause| format!("{} {}", cause["code"], cause["subject"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_is_said_and_what_was_not_read_is_never_called_missing() -> Result<()>
{
    let names = STORIES.map(str::to_owned);
    let mut theatre = Theatre::open(story::named(&names)?, |_| {}).await?;
    theatre.all_played()?;
    let plugin = diagnosis::binary()
        .context("no kubectl-lens: build it (cargo build -p kubectl-lens), or set KUBELENS_BIN")?;

    refused(&theatre.plane, &plugin).await?;
    through_kubectl(&theatre.plane, &plugin).await?;
    dies_in_the_middle(&theatre.plane, &plugin).await?;

    theatre.plane.stop("kube-apiserver");
    let admin = theatre.plane.admin_kubeconfig().display().to_string();
    let gone = run(plugin, words(&["diagnose", "--kubeconfig", &admin]), None).await?;
    assert_eq!(
        (gone.status, gone.output.as_str()),
        (2, ""),
        "{}",
        gone.error
    );
    assert!(gone.error.contains("does not answer"), "{}", gone.error);
    assert!(gone.error.contains("--demo"), "{}", gone.error);
    Ok(())
}

/// Wrong credentials and names: one line that says what is wrong and what to do, status 2, no output.
async fn refused(plane: &ControlPlane, plugin: &Path) -> Result<()> {
    let admin = plane.admin_kubeconfig().display().to_string();
    let wrong = plane.kubeconfig_with("wrong", &Credentials::Token("nobody-has-it".to_owned()))?;
    let expired =
        plane.kubeconfig_with("expired", &Credentials::Certificate("expired".to_owned()))?;
    let cases: [(Vec<String>, &[&str]); 5] = [
        (
            words(&["diagnose", "--kubeconfig", &wrong.display().to_string()]),
            &["wrong or has expired", "log in again"],
        ),
        (
            words(&["diagnose", "--kubeconfig", &expired.display().to_string()]),
            &["the client certificate expired at 20", "log in again"],
        ),
        (
            words(&["diagnose", "--kubeconfig", &admin, "--context", "admim"]),
            &["admim", "admin", "get-contexts"],
        ),
        (
            words(&["diagnose", "--kubeconfig", &admin, "-n", "kube-sistem"]),
            &["kube-sistem", "kube-system"],
        ),
        (
            words(&["diagnose", "--kubeconfig", &admin, "-A", "no-such-kind/x"]),
            &["no-such-kind"],
        ),
    ];
    for (arguments, expected) in cases {
        let shown = arguments.join(" ");
        let run = run(plugin.to_path_buf(), arguments, None).await?;
        assert_eq!(
            (run.status, run.output.as_str()),
            (2, ""),
            "{shown}: {}",
            run.error
        );
        for text in expected {
            assert!(run.error.contains(text), "{shown}: {}", run.error);
        }
        assert!(run.error.lines().count() <= 2, "{shown}: {}", run.error);
    }
    Ok(())
}

/// `kubectl lens` finds the plugin on PATH and hands everything through.
async fn through_kubectl(plane: &ControlPlane, plugin: &Path) -> Result<()> {
    let path = tempfile::tempdir()?;
    std::os::unix::fs::symlink(plugin, path.path().join("kubectl-lens"))?;
    let admin = plane.admin_kubeconfig().display().to_string();
    let arguments =
        |json: &str| words(&["lens", "diagnose", "--kubeconfig", &admin, "-A", "-o", json]);
    let kubectl = plane.programs().join("kubectl");
    let run_json = run(kubectl.clone(), arguments("json"), Some(path.path().into())).await?;
    assert_eq!(run_json.status, 0, "{}", run_json.error);
    let report: Value = serde_json::from_str(&run_json.output)?;
    assert_eq!(report["apiVersion"], "kubelens.dev/v1alpha1");
    for code in ["CFG001", "CFG002", "SCA020", "STO002"] {
        let is_named = causes(&report).iter().any(|cause| cause.contains(code));
        assert!(is_named, "{code} is not in {:?}", causes(&report));
    }

    let human = run(kubectl, arguments("table"), Some(path.path().into())).await?;
    assert_eq!(human.status, 0, "{}", human.error);
    assert!(human.output.contains("STO002"), "{}", human.output);
    Ok(())
}

/// The server dies after some share of what a whole run reads: the run ends soon, says what it lacks,
/// and calls nothing missing that is there.
async fn dies_in_the_middle(plane: &ControlPlane, plugin: &Path) -> Result<()> {
    let admin = plane.admin_kubeconfig().display().to_string();
    let through = |server: &DyingServer| {
        words(&[
            "diagnose",
            "-A",
            "-o",
            "json",
            "--no-logs",
            "--kubeconfig",
            &admin,
            "-s",
            &server.url,
        ])
    };
    let whole = DyingServer::before(plane.server(), usize::MAX).await?;
    let all = run(plugin.to_path_buf(), through(&whole), None).await?;
    assert_eq!(all.status, 0, "{}", all.error);
    let mut known = causes(&serde_json::from_str(&all.output)?);
    let mut claimed = Vec::new();
    let mut partial = 0;
    for percent in [5, 20, 40, 60, 80, 95] {
        let server = DyingServer::before(plane.server(), whole.passed() / 100 * percent).await?;
        let started = std::time::Instant::now();
        let run = run(plugin.to_path_buf(), through(&server), None).await?;
        ensure!(
            started.elapsed().as_secs() < 30,
            "dead after {percent} %: the run went on for {:?}",
            started.elapsed()
        );
        if run.status == 2 {
            assert_eq!(run.output, "");
            assert!(run.error.contains("does not answer"), "{}", run.error);
            continue;
        }
        assert_eq!(run.status, 0, "{}", run.error);
        let report: Value = serde_json::from_str(&run.output)?;
        let kinds = report["coverage"]["kinds"].as_array().context("kinds")?;
        // What this server does not serve at all (metrics) was not cut off.
        let mut unread = kinds.iter().filter(|kind| kind["state"] != "absent");
        if unread.next().is_some() {
            partial += 1;
            assert!(run.error.contains("warning"), "{}", run.error);
        }
        claimed.push((percent, absences(&report)));
    }
    // Some faults are told only when they have lasted a while: those are known by now.
    let all = run(plugin.to_path_buf(), through(&whole), None).await?;
    known.extend(causes(&serde_json::from_str(&all.output)?));
    for (percent, claimed) in claimed {
        let invented: Vec<&String> = claimed.difference(&known).collect();
        assert!(invented.is_empty(), "dead after {percent} %: {invented:?}");
    }
    assert!(partial > 0, "no run was cut in the middle");
    Ok(())
}
