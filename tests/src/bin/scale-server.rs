//! `scale-server [DEPLOYMENTS [NODES]]`: the benchmark of the server. Loads a real control plane (1000 Deployments of
//! 10 pods on 300 nodes, if nothing else is said), follows it with the server, and measures memory, answers at 300
//! requests a second, streams, and a rollout; prints the table and fails where a bar is missed. `tests/scale/server`
//! builds what it needs.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "answers of the cluster that was loaded here; counts are small"
)]

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::cluster::{Cluster, Target};
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::load::{Size, fill};
use kubelens_tests::scale::serving::{Listeners, at_rate, percentile, taken};
use kubelens_tests::scale::table::{Row, markdown};
use kubelens_tests::server::{Server, open_files};
use kubelens_tests::theatre::unless_interrupted;
use serde_json::{Value, json};

/// Requests a second.
const RATE: u32 = 300;
/// How long a rate is held.
const HELD: Duration = Duration::from_secs(10);
/// Clients of the stream.
const CLIENTS: usize = 5_000;
/// Deployments that are rolled out together, of ten pods each.
const ROLLED_OUT: usize = 100;

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn main() -> Result<()> {
    // There is one process, and nobody installed another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(run()))
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

async fn run() -> Result<()> {
    let numbers = std::env::args().skip(1).map(|it| it.parse::<usize>());
    let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    let mut size = Size::default();
    if let Some(&deployments) = numbers.first() {
        size = Size {
            deployments,
            events: deployments * 21,
            ..size
        };
    }
    size.nodes = numbers.get(1).copied().unwrap_or(size.nodes);
    open_files(8_000)?;
    let options = Options {
        node_grace: Duration::from_mins(10),
        ..Options::default()
    };
    let plane = ControlPlane::start(&options).await?;
    let cluster = Cluster::new(plane.client().await?);
    let started = Instant::now();
    fill(&cluster, size, |line| {
        say(format!("{:6.1} s  {line}", started.elapsed().as_secs_f32()));
    })
    .await?;
    let state = plane.folder().join("state");
    let settings = [("RATE_LIMIT_ENABLED", "false")];
    let started = Instant::now();
    let server = Server::start(plane.admin_kubeconfig(), &state, &settings)?;
    let pods = size.deployments * size.replicas;
    server.until("/api/stats", |stats| stats["pods"]["total"] == pods)?;
    let mut rows = vec![Row::told("pods", pods.to_string())];
    rows.push(Row::told(
        "from start to the whole picture",
        format!("{:.1} s", started.elapsed().as_secs_f32()),
    ));
    tokio::time::sleep(Duration::from_secs(30)).await;
    measure_answers(&server, &mut rows).await?;
    measure_streams(&server, &cluster, &mut rows).await?;
    say(markdown(&rows));
    measure_rollout(&server, &cluster, &mut rows).await?;
    say(markdown(&rows));
    ensure!(rows.iter().all(|row| row.is_met), "a bar is missed");
    Ok(())
}

async fn measure_answers(server: &Server, rows: &mut Vec<Row>) -> Result<()> {
    let resident = taken(server.id())?.resident;
    rows.push(Row::judged(
        "memory, settled",
        megabytes(resident),
        "<= 120 MB",
        resident <= 120_000_000,
    ));
    for (what, path, rate, bar, most) in [
        (
            "`/api/report` at 300/s, p99",
            "/api/report",
            RATE,
            "<= 5 ms",
            5,
        ),
        (
            "`/api/diagnostics` at 300/s, p99",
            "/api/diagnostics",
            RATE,
            "<= 5 ms",
            5,
        ),
        (
            "`/api/pods?limit=500` at 300/s, p99",
            "/api/pods?limit=500",
            RATE,
            "<= 10 ms",
            10,
        ),
        ("`/api/pods`, whole, p99", "/api/pods", 5, "<= 40 ms", 40),
    ] {
        let before = taken(server.id())?.cpu;
        let mut times = at_rate(&server.address, path, rate, HELD).await?;
        let cpu = taken(server.id())?.cpu.saturating_sub(before);
        let high = percentile(&mut times, 99);
        let half = percentile(&mut times, 50);
        say(format!(
            "{what}: median {}, p99 {}, server {:.0} % of a core",
            milliseconds(half),
            milliseconds(high),
            cpu.as_secs_f64() / HELD.as_secs_f64() * 100.0
        ));
        rows.push(Row::judged(
            what,
            milliseconds(high),
            bar,
            high <= Duration::from_millis(most),
        ));
    }
    Ok(())
}

fn event(number: usize, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("bench-{number}"), "namespace": "default" },
        "involvedObject": { "kind": "Pod", "namespace": "default", "name": "nobody" },
        "reason": "Benchmark", "message": message, "type": "Normal",
        "firstTimestamp": jiff::Timestamp::now().to_string(),
        "lastTimestamp": jiff::Timestamp::now().to_string(), "count": 1,
    })
}

async fn measure_streams(server: &Server, cluster: &Cluster, rows: &mut Vec<Row>) -> Result<()> {
    let one = Listeners::open(&server.address, 1).await?;
    one.time(true);
    for number in 0..40 {
        cluster.create(&event(number, &one.mark())).await?;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let mut times = one.times();
    ensure!(
        times.len() >= 39,
        "only {} of 40 events were heard",
        times.len()
    );
    let high = percentile(&mut times, 99);
    rows.push(Row::judged(
        "event, from its creation to a client, p99",
        milliseconds(high),
        "<= 100 ms",
        high <= Duration::from_millis(100),
    ));
    drop(one);

    let many = Listeners::open(&server.address, CLIENTS).await?;
    let idle = taken(server.id())?.resident;
    let begin = Instant::now();
    let mut sent = 0_u64;
    let mut most = idle;
    while begin.elapsed() < HELD {
        for _ in 0..10 {
            let number = 1_000 + usize::try_from(sent)?;
            cluster.create(&event(number, &many.mark())).await?;
            sent += 1;
        }
        most = most.max(taken(server.id())?.resident);
        let due = Duration::from_millis(sent * 20);
        tokio::time::sleep(due.saturating_sub(begin.elapsed())).await;
    }
    let rate = sent as f64 / begin.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(5)).await;
    most = most.max(taken(server.id())?.resident);
    let (heard, resyncs) = many.heard();
    rows.push(Row::judged(
        "memory with 5 000 streams at 50 events a second",
        megabytes(most),
        "<= 400 MB",
        most <= 400_000_000,
    ));
    rows.push(Row::told(
        "events sent a second; heard of those sent, told to fetch anew",
        format!(
            "{rate:.0}; {:.1} %, {resyncs}",
            heard as f64 / (sent * CLIENTS as u64) as f64 * 100.0
        ),
    ));
    Ok(())
}

async fn measure_rollout(server: &Server, cluster: &Cluster, rows: &mut Vec<Row>) -> Result<()> {
    let target = Target::of(
        &json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "" } }),
        "",
    );
    let all = cluster.list(&target, "load=yes").await?;
    // Those whose pods run.
    let chosen = all.into_iter().filter(|one| {
        one.pointer("/status/readyReplicas")
            .is_some_and(|it| it == 10)
    });
    let chosen: Vec<Value> = chosen.take(ROLLED_OUT).collect();
    let pods = chosen.len() * 10;
    let begin = Instant::now();
    let before = taken(server.id())?.cpu;
    for mut one in chosen {
        let namespace = one["metadata"]["namespace"]
            .as_str()
            .context("a namespace")?
            .to_owned();
        let labels = one
            .pointer_mut("/spec/template/metadata")
            .context("a template")?;
        labels["annotations"]["rolled-out"] = json!("yes");
        // Items of a list do not say what they are.
        one["apiVersion"] = json!("apps/v1");
        one["kind"] = json!("Deployment");
        if let Some(metadata) = one["metadata"].as_object_mut() {
            metadata.remove("managedFields");
            metadata.remove("resourceVersion");
        }
        cluster.apply(&one, &namespace).await?;
    }
    loop {
        let all = cluster.list(&target, "load=yes").await?;
        let is_done = |one: &Value| {
            let number = |path: &str| one.pointer(path).and_then(Value::as_u64).unwrap_or(0);
            let is_rolled = one
                .pointer("/spec/template/metadata/annotations/rolled-out")
                .is_some();
            !is_rolled
                || (number("/status/updatedReplicas") == 10
                    && number("/status/readyReplicas") == 10
                    && number("/status/replicas") == 10)
        };
        if all.iter().all(is_done) {
            break;
        }
        ensure!(
            begin.elapsed() < Duration::from_mins(5),
            "the rollout does not end"
        );
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let cpu = taken(server.id())?.cpu.saturating_sub(before);
    let share = cpu.as_secs_f64() / begin.elapsed().as_secs_f64() * 100.0;
    rows.push(Row::judged(
        "rollout of 1 000 pods, share of one core",
        format!(
            "{share:.0} % ({pods} pods in {:.0} s)",
            begin.elapsed().as_secs_f32()
        ),
        "<= 30 %",
        share <= 30.0,
    ));
    let resident = taken(server.id())?.resident;
    rows.push(Row::told("memory after all of it", megabytes(resident)));
    Ok(())
}
