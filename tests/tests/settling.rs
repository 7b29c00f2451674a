//! `settle` and `watch` against a real API server and real controllers.
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

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::cluster::Target;
use kubelens_tests::diagnosis;
use kubelens_tests::story;
use kubelens_tests::theatre::Theatre;
use serde_json::{Value, json};

/// A Deployment that lacks a ConfigMap, one in the middle of a rollout, and one that is well, with somebody who may
/// see nothing else.
const STORIES: [&str; 3] = [
    "config-map-missing",
    "rollout-in-progress",
    "reader-sees-one-namespace",
];

/// How long a watch may take to tell of a change.
const SOON: Duration = Duration::from_mins(1);

struct Plugin {
    program: PathBuf,
    kubeconfig: PathBuf,
}

/// What a run printed, and its exit status.
#[derive(Debug)]
struct Run {
    status: i32,
    output: String,
    error: String,
}

impl Plugin {
    async fn run(&self, arguments: &[&str]) -> Result<Run> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig);
        let run = tokio::task::spawn_blocking(move || command.output()).await??;
        Ok(Run {
            status: run.status.code().context("ended by a signal")?,
            output: String::from_utf8(run.stdout)?,
            error: String::from_utf8(run.stderr)?,
        })
    }

    async fn ends_with(&self, status: i32, arguments: &[&str]) -> Result<Run> {
        let run = self.run(arguments).await?;
        ensure!(run.status == status, "{arguments:?}: {run:#?}");
        Ok(run)
    }
}

/// A watch that runs, and what it has said.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(plugin: &Plugin, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(&plugin.program)
            .args(arguments)
            .arg("--kubeconfig")
            .arg(&plugin.kubeconfig)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = BufReader::new(child.stdout.take().context("a pipe")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// Reads on until it says that this happened to a cause of this code.
    fn says(&self, change: &str, code: &str) -> Result<Value> {
        let started = std::time::Instant::now();
        loop {
            let left = SOON.saturating_sub(started.elapsed());
            let line = self
                .lines
                .recv_timeout(left)
                .with_context(|| format!("the watch never said that {code} {change}"))?;
            let document: Value = serde_json::from_str(&line)?;
            ensure!(document["kind"] == "Change", "{line}");
            if document["change"] == change && document["cause"]["code"] == code {
                return Ok(document);
            }
        }
    }

    /// Presses Ctrl-C; the exit status.
    fn interrupt(mut self) -> Result<Option<i32>> {
        let pressed = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()?;
        ensure!(pressed.success());
        Ok(self.child.wait()?.code())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config_map() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "oven-settings", "namespace": "bakery" },
        "data": { "TEMPERATURE": "230" },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn settle_and_watch_tell_what_becomes_of_what_was_applied() -> Result<()> {
    let names = STORIES.map(str::to_owned);
    let mut theatre = Theatre::open(story::named(&names)?, |_| {}).await?;
    theatre.all_played()?;
    let program = diagnosis::binary()
        .context("no kubectl-lens: build it (cargo build -p kubectl-lens), or set KUBELENS_BIN")?;
    let admin = Plugin {
        program: program.clone(),
        kubeconfig: theatre.plane.admin_kubeconfig().to_path_buf(),
    };
    let reader = theatre
        .stories
        .iter()
        .find_map(|story| story.asks.clone())
        .context("a reader")?;
    let reader = Plugin {
        program,
        kubeconfig: theatre.plane.kubeconfig_of(&reader)?,
    };

    settled_or_not(&admin, &reader).await?;
    becomes_ready(&theatre, &admin).await?;
    watched(&mut theatre, &admin).await?;

    theatre.plane.stop("kube-apiserver");
    let gone = admin
        .ends_with(5, &["settle", "deploy/visa-desk", "-n", "embassy"])
        .await?;
    ensure!(gone.error.contains("does not answer"), "{gone:#?}");
    Ok(())
}

/// Every exit status that a server that answers can lead to.
async fn settled_or_not(admin: &Plugin, reader: &Plugin) -> Result<()> {
    let done = admin
        .ends_with(
            0,
            &[
                "settle",
                "deploy/visa-desk",
                "-n",
                "embassy",
                "--timeout",
                "60s",
            ],
        )
        .await?;
    ensure!(
        done.output
            .contains("Deployment embassy/visa-desk: 2 pods ready"),
        "{done:#?}"
    );

    let failed = admin
        .ends_with(
            1,
            &[
                "settle",
                "deploy/oven-api",
                "-n",
                "bakery",
                "--wedged-for",
                "10s",
                "--timeout",
                "3m",
                "-o",
                "json",
            ],
        )
        .await?;
    let verdict: Value = serde_json::from_str(&failed.output)?;
    assert_eq!(verdict["kind"], "Verdict");
    assert_eq!(
        (&verdict["outcome"], &verdict["exitStatus"]),
        (&json!("failed"), &json!(1))
    );
    assert_eq!(verdict["causes"][0]["code"], "CFG001", "{verdict:#}");
    assert_eq!(verdict["causes"][0]["subject"]["name"], "oven-settings");

    let on_its_way = admin
        .ends_with(
            2,
            &[
                "settle",
                "deploy/seat-map",
                "-n",
                "cinema",
                "--timeout",
                "5s",
            ],
        )
        .await?;
    ensure!(
        on_its_way.output.starts_with("progressing"),
        "{on_its_way:#?}"
    );

    let unknown = admin
        .ends_with(4, &["settle", "deploy/visa-desc", "-n", "embassy"])
        .await?;
    ensure!(unknown.error.contains("visa-desk"), "{unknown:#?}");
    admin
        .ends_with(4, &["settle", "-l", "app=nobody", "-n", "embassy"])
        .await?;

    let forbidden = reader
        .ends_with(3, &["settle", "deploy/oven-api", "-n", "bakery"])
        .await?;
    ensure!(forbidden.output.contains("forbidden"), "{forbidden:#?}");
    Ok(())
}

/// Applied, waited for, settled: as a pipeline does it.
async fn becomes_ready(theatre: &Theatre, admin: &Plugin) -> Result<()> {
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "window", "namespace": "embassy" },
        "spec": {
            "replicas": 3,
            "selector": { "matchLabels": { "app": "window" } },
            "template": {
                "metadata": { "labels": { "app": "window" } },
                "spec": { "containers": [{ "name": "window", "image": "registry.corp.example/embassy/window:1.0.0" }] },
            },
        },
    });
    theatre.cluster.apply(&deployment, "embassy").await?;
    let settled = admin
        .ends_with(
            0,
            &[
                "settle",
                "-l",
                "app!=none",
                "-n",
                "embassy",
                "--stable-for",
                "3s",
                "-o",
                "json",
            ],
        )
        .await?;
    let verdict: Value = serde_json::from_str(&settled.output)?;
    let targets = verdict["targets"].as_array().context("targets")?;
    let window = targets
        .iter()
        .find(|target| {
            target["object"]["name"] == "window" && target["object"]["kind"] == "Deployment"
        })
        .context("the Deployment")?;
    assert_eq!(window["reason"], "3 pods ready");
    ensure!(
        targets
            .iter()
            .all(|target| target["object"]["kind"] != "ReplicaSet"),
        "{targets:#?}"
    );
    Ok(())
}

/// A fault goes and comes, also across a restart of the API server.
async fn watched(theatre: &mut Theatre, admin: &Plugin) -> Result<()> {
    let watch = Watch::start(admin, &["watch", "-n", "bakery", "-o", "ndjson"])?;
    let first = watch.says("appeared", "CFG001")?;
    assert_eq!(first["cause"]["subject"]["name"], "oven-settings");
    theatre.cluster.create(&config_map()).await?;
    watch.says("recovered", "CFG001")?;
    theatre
        .cluster
        .delete(&Target::of(&config_map(), ""))
        .await?;
    watch.says("appeared", "CFG001")?;

    theatre.plane.restart_apiserver().await?;
    theatre.cluster.create(&config_map()).await?;
    watch.says("recovered", "CFG001")?;
    assert_eq!(watch.interrupt()?, Some(130));
    Ok(())
}
