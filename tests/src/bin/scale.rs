//! `scale [DEPLOYMENTS [NODES]]`: the benchmark. Loads a real control plane (1000 Deployments of 10 pods on 300
//! nodes, if nothing else is said), measures the plugin against raw lists, then analysis and parser without a
//! cluster; prints the table and fails where a bar is missed. `tests/scale/run` builds what it needs.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::cluster::Cluster;
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::load::{Size, fill};
use kubelens_tests::scale::faults::{self, Verdict};
use kubelens_tests::scale::multiplied;
use kubelens_tests::scale::offline::{self, Analysis, Parsing};
use kubelens_tests::scale::rounds::{self, Place, Rounds, megabytes};
use kubelens_tests::scale::table::{Row, markdown};
use kubelens_tests::scale::usage::{MEASURE, measure, median};
use kubelens_tests::theatre::unless_interrupted;

/// Who lists and diagnoses; may read everything, and is audited.
const USER: &str = "reader";

/// Pods whose analysis is measured.
const ANALYZED_PODS: usize = 100_000;

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1).peekable();
    if words.peek().is_some_and(|word| word == MEASURE) {
        let usage = measure(words.skip(1))?;
        say(serde_json::to_string(&usage)?);
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(run()))
}

async fn run() -> Result<()> {
    let size = size()?;
    let plugin = std::env::current_exe()?.with_file_name("kubectl-lens");
    ensure!(
        plugin.exists(),
        "{} is not there: tests/scale/run builds it",
        plugin.display()
    );
    let scratch = tempfile::tempdir()?;
    let (measured, times) = {
        // So many nodes on a busy machine renew their leases late: none is to be given up for that.
        let options = Options {
            users: vec![USER.to_owned()],
            audited: Some(USER.to_owned()),
            node_grace: Duration::from_mins(10),
            ..Options::default()
        };
        let started = Instant::now();
        let plane = ControlPlane::start(&options).await?;
        let client = plane.client().await?;
        let cluster = Cluster::new(client.clone());
        cluster.create(&may_read_everything()).await?;
        fill(&cluster, size, |line| {
            say(format!("{:6.1} s  {line}", started.elapsed().as_secs_f32()));
        })
        .await?;
        let reading = Place {
            plugin: &plugin,
            server: plane.server(),
            authority: plane.folder().join("ca.crt"),
            token: &format!("{USER}-token"),
            kubeconfig: plane.kubeconfig_of(USER)?,
            audit: plane.audit_log(),
            scratch: scratch.path(),
        };
        let measured = tokio::task::block_in_place(|| rounds::all(&reading, say))?;
        let times = ANALYZED_PODS.div_ceil(size.deployments * size.replicas);
        multiplied::write(&client, times, scratch.path()).await?;
        (measured, times)
    };
    say(format!(
        "control plane stopped; {times} copies of its lists are read back"
    ));
    std::fs::remove_file(scratch.path().join("report.json"))?;
    let analysis = offline::analysis(scratch.path())?;
    let parsing = offline::parsing(scratch.path())?;
    let verdict = faults::judge(&measured.report, size);
    for complaint in verdict.complaints.iter().take(20) {
        say(complaint);
    }
    let mut rows = about(&measured, size);
    rows.extend(live(&measured, &verdict));
    rows.extend(without_a_cluster(&analysis, &parsing));
    say(format!("\n{}", markdown(&rows)));
    let missed: Vec<&str> = rows
        .iter()
        .filter(|row| !row.is_met)
        .map(|row| row.what)
        .collect();
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

fn size() -> Result<Size> {
    let mut size = Size::default();
    let numbers = std::env::args()
        .skip(1)
        .map(|word| word.parse().with_context(|| format!("{word}: a number?")));
    let numbers: Vec<usize> = numbers.collect::<Result<_>>()?;
    if let Some(&deployments) = numbers.first() {
        size.deployments = deployments;
        size.events = deployments * 21;
    }
    if let Some(&nodes) = numbers.get(1) {
        size.nodes = nodes;
    }
    Ok(size)
}

fn may_read_everything() -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": { "name": USER },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER }],
    })
}

fn about(measured: &Rounds, size: Size) -> Vec<Row> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string(Path::new("/proc/meminfo")).unwrap_or_default();
    let kib: u64 = memory
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        })
        .unwrap_or_default();
    let objects = measured
        .report
        .pointer("/summary/objects")
        .and_then(serde_json::Value::as_u64);
    vec![
        Row::told(
            "machine, with the control plane on it",
            format!("{cores} cores, {:.0} GB", megabytes(kib * 1024) / 1e3),
        ),
        Row::told(
            "cluster",
            format!(
                "{} nodes, {} pods, {} events, {} objects",
                size.nodes,
                size.deployments * size.replicas,
                size.events,
                objects.unwrap_or_default()
            ),
        ),
    ]
}

fn live(measured: &Rounds, verdict: &Verdict) -> Vec<Row> {
    let curl = median(measured.curl.iter().map(|usage| usage.wall));
    let wall = median(measured.plugin.iter().map(|usage| usage.wall));
    let cpu = median(measured.plugin.iter().map(|usage| usage.cpu));
    let peak = measured
        .plugin
        .iter()
        .map(|usage| usage.peak)
        .max()
        .unwrap_or_default();
    let ratio = wall.as_secs_f64() / curl.as_secs_f64();
    let requests = &measured.requests;
    let causes: usize = verdict.causes.values().sum();
    let by_code: Vec<String> = verdict
        .causes
        .iter()
        .map(|(code, count)| format!("{code} {count}"))
        .collect();
    vec![
        Row::told("13 lists with curl, wall", seconds(curl)),
        Row::told("whole run, wall", seconds(wall)),
        Row::judged(
            "whole run / lists",
            format!("{ratio:.2}"),
            "<= 1.5",
            ratio <= 1.5,
        ),
        Row::judged(
            "own CPU time",
            seconds(cpu),
            "<= 3 s",
            cpu <= Duration::from_secs(3),
        ),
        Row::judged(
            "peak memory",
            format!("{:.1} MB", megabytes(peak)),
            "<= 100 MB",
            peak <= 100_000_000,
        ),
        Row::judged(
            "requests",
            format!(
                "{} lists, {} others, {} logs",
                requests.lists.len(),
                requests.others,
                requests.logs
            ),
            "no list twice, <= 3 others",
            requests.repeated().is_empty() && requests.others <= 3,
        ),
        Row::judged(
            "causes of severity warning or above",
            format!("{causes} ({})", by_code.join(", ")),
            "as many as faults",
            causes == verdict.planted,
        ),
        Row::judged(
            "faults that one cause names in full",
            format!("{} of {}", verdict.named, verdict.planted),
            "all",
            verdict.named == verdict.planted,
        ),
    ]
}

fn without_a_cluster(analysis: &Analysis, parsing: &Parsing) -> Vec<Row> {
    vec![
        Row::judged(
            "analysis of 100 000 pods in memory, wall",
            format!(
                "{} ({} CPU; {} pods, {} objects, {} causes)",
                seconds(analysis.wall),
                seconds(analysis.cpu),
                analysis.pods,
                analysis.objects,
                analysis.causes
            ),
            "<= 2 s",
            analysis.wall <= Duration::from_secs(2) && analysis.pods >= ANALYZED_PODS,
        ),
        Row::judged(
            "parsing a PodList, one core",
            format!(
                "{:.0} MB/s ({:.0} MB, {} pods)",
                parsing.speed(),
                megabytes(parsing.bytes as u64),
                parsing.pods
            ),
            ">= 300 MB/s",
            parsing.speed() >= 300.0,
        ),
    ]
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
