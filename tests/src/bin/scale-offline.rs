//! `scale-offline [PODS...]`: what reading and analysing clusters of these sizes costs without a cluster (1 000,
//! 10 000 and 100 000 pods with a twentieth as many nodes, if nothing else is said), how that grows, and what a watch
//! of those from 10 000 pods on costs. Prints the table and fails where a bar is missed. `tests/scale/offline` builds it.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_core::engine::{Incremental, Options, diagnose};
use kubelens_core::model::Severity;
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_tests::scale::going_on::Going;
use kubelens_tests::scale::rounds::megabytes;
use kubelens_tests::scale::table::{Row, markdown};
use kubelens_tests::scale::usage::{own_cpu, own_now, own_peak};
use kubelens_tests::scale::written::{Extent, write};
use serde::{Deserialize, Serialize};

/// The first arguments with which this program measures one thing in a process of its own.
const READ: &str = "--read";
const WATCH: &str = "--watch";

/// Changes a second that a watch tells.
const RATE: usize = 1000;
/// Seconds that they come at that rate.
const SECONDS: usize = 60;
/// Pods from which on a cluster is watched too.
const WATCHED_FROM: usize = 10_000;
/// Changes of an hour, which come as fast as they are taken in.
const HOUR: usize = 3600 * RATE;

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [READ, folder] => say(serde_json::to_string(&read(Path::new(folder))?)?),
        [WATCH, folder, pods, nodes, hour] => {
            let extent = Extent {
                pods: pods.parse()?,
                nodes: nodes.parse()?,
            };
            say(serde_json::to_string(&watch(
                Path::new(folder),
                extent,
                hour.parse()?,
            )?)?);
        }
        [] => run(&[1_000, 10_000, 100_000])?,
        sizes => {
            let sizes: Result<Vec<usize>, _> = sizes.iter().map(|word| word.parse()).collect();
            run(&sizes.context("numbers of pods, or nothing")?)?;
        }
    }
    Ok(())
}

/// What one picture costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cost {
    objects: usize,
    faults: usize,
    read: Duration,
    analysis: Duration,
    analysis_cpu: Duration,
    /// CPU time of all of it.
    cpu: Duration,
    peak: u64,
}

/// What a watch costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Watched {
    begin: Duration,
    changes: usize,
    batches: usize,
    half: Duration,
    p99: Duration,
    worst: Duration,
    /// CPU time for the changes at the rate, decoding included.
    cpu: Duration,
    report: Duration,
    hour_changes: usize,
    hour: Duration,
    memory_before: u64,
    memory_half: u64,
    memory_after: u64,
    is_equal: bool,
}

fn run(sizes: &[usize]) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut costs: Vec<(Extent, Cost)> = Vec::new();
    let mut rows = Vec::new();
    for pods in sizes {
        let extent = Extent::of_pods(*pods);
        let folder = scratch.path().join(pods.to_string());
        std::fs::create_dir(&folder)?;
        let bytes = write(extent, &folder)?;
        let cost: Cost = measured(&[READ, &folder.display().to_string()])?;
        say(format!(
            "{pods} pods, {} nodes, {} objects, {:.0} MB: read {}, analysed {} ({} CPU), {} CPU in all, {:.0} MB at most",
            extent.nodes,
            cost.objects,
            megabytes(bytes),
            seconds(cost.read),
            seconds(cost.analysis),
            seconds(cost.analysis_cpu),
            seconds(cost.cpu),
            megabytes(cost.peak),
        ));
        ensure!(
            cost.faults == extent.faults(),
            "{} causes for {} faults",
            cost.faults,
            extent.faults()
        );
        costs.push((extent, cost));
        if *pods >= WATCHED_FROM {
            rows.extend(judged_watch(&watched(extent, &folder)?, extent));
        }
        std::fs::remove_dir_all(folder)?;
    }
    let (extent, largest) = costs.last().context("at least one size")?;
    rows.splice(0..0, judged(&costs, *extent, largest));
    say(format!("\n{}", markdown(&rows)));
    let missed: Vec<&str> = rows
        .iter()
        .filter(|row| !row.is_met)
        .map(|row| row.what)
        .collect();
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

/// Watches a cluster; smaller ones than the largest see fewer changes.
fn watched(extent: Extent, folder: &Path) -> Result<Watched> {
    let hour = if extent.pods < 100_000 {
        HOUR / 100
    } else {
        HOUR
    };
    measured(&[
        WATCH,
        &folder.display().to_string(),
        &extent.pods.to_string(),
        &extent.nodes.to_string(),
        &hour.to_string(),
    ])
}

/// Runs this program for one thing: the system tells the peak of a whole process only.
fn measured<T: serde::de::DeserializeOwned>(words: &[&str]) -> Result<T> {
    let ran = std::process::Command::new(std::env::current_exe()?)
        .args(words)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(ran.status.success(), "{}: {}", words.join(" "), ran.status);
    serde_json::from_slice(&ran.stdout).context("a measurement")
}

fn read(folder: &Path) -> Result<Cost> {
    let begin = Instant::now();
    let picture = FileSource::new(folder).read(&ReadRequest::default(), &Silent)?;
    let read = begin.elapsed();
    let (begin, cpu) = (Instant::now(), own_cpu()?);
    let report = diagnose(&picture, &Options::default());
    let is_fault = |severity: Severity| severity > Severity::Info;
    Ok(Cost {
        objects: picture.object_count(),
        faults: report
            .causes
            .iter()
            .filter(|cause| is_fault(cause.severity))
            .count(),
        read,
        analysis: begin.elapsed(),
        analysis_cpu: own_cpu()?.saturating_sub(cpu),
        cpu: own_cpu()?,
        peak: own_peak()?,
    })
}

/// How much a cost grows with the size: 1 is as much as the size.
#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn exponent(costs: &[(Extent, Cost)], cost: impl Fn(&Cost) -> f64) -> f64 {
    match costs {
        [.., (small, a), (large, b)] => {
            (cost(b) / cost(a)).ln() / (large.pods as f64 / small.pods as f64).ln()
        }
        _ => 0.0,
    }
}

fn judged(costs: &[(Extent, Cost)], extent: Extent, largest: &Cost) -> Vec<Row> {
    let cpu = exponent(costs, |cost| cost.cpu.as_secs_f64());
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let memory = exponent(costs, |cost| cost.peak as f64);
    let size = format!(
        "{} pods, {} nodes, {} objects",
        extent.pods, extent.nodes, largest.objects
    );
    vec![
        Row::told("cluster", size),
        Row::judged(
            "peak memory, reading included",
            format!("{:.0} MB", megabytes(largest.peak)),
            "<= 700 MB",
            largest.peak <= 700_000_000,
        ),
        Row::judged(
            "analysis, wall",
            format!(
                "{} ({} CPU)",
                seconds(largest.analysis),
                seconds(largest.analysis_cpu)
            ),
            "<= 2 s",
            largest.analysis <= Duration::from_secs(2),
        ),
        Row::judged(
            "growth of CPU time, exponent",
            format!("{cpu:.2}"),
            "<= 1.1",
            cpu <= 1.1,
        ),
        Row::judged(
            "growth of memory, exponent",
            format!("{memory:.2}"),
            "<= 1.1",
            memory <= 1.1,
        ),
    ]
}

/// Takes changes in as they come, at the rate, then an hour of them as fast as it goes.
fn watch(folder: &Path, extent: Extent, hour: usize) -> Result<Watched> {
    let picture = FileSource::new(folder).read(&ReadRequest::default(), &Silent)?;
    let options = Options::default();
    let begin = Instant::now();
    let mut going_on = Incremental::new(&picture, &options);
    drop(picture);
    let first = begin.elapsed();
    let mut going = Going::of(extent)?;
    let mut delays = Vec::with_capacity(RATE * SECONDS);
    let mut batches = 0;
    // Made up before, so that only what a watch has to do is measured.
    let mut told = Vec::new();
    while told.len() < RATE * SECONDS {
        let second = i64::try_from(told.len() / RATE)?;
        told.extend(going.next(second));
    }
    let (begin, cpu) = (Instant::now(), own_cpu()?);
    let tick = Duration::from_secs(1) / u32::try_from(RATE)?;
    let due = |at: usize| tick.saturating_mul(u32::try_from(at).unwrap_or(u32::MAX));
    let mut at = 0;
    while at < told.len() {
        let now = begin.elapsed();
        if let Some(wait) = due(at).checked_sub(now) {
            std::thread::sleep(wait);
            continue;
        }
        let end = told.len().min(
            at + told
                .iter()
                .skip(at)
                .enumerate()
                .take_while(|(next, _)| due(at + next) <= now)
                .count(),
        );
        let changes: Result<Vec<_>> = told
            .iter()
            .take(end)
            .skip(at)
            .map(|one| one.decoded())
            .collect();
        let instant = going.at(i64::try_from(now.as_secs())?);
        going_on.apply(changes?, instant);
        let done = begin.elapsed();
        delays.extend((at..end).map(|number| done.saturating_sub(due(number))));
        batches += 1;
        at = end;
    }
    let cpu = own_cpu()?.saturating_sub(cpu);
    delays.sort_unstable();
    let changes = told.len();
    drop(told);
    let begin = Instant::now();
    let report = going_on.report();
    let reporting = begin.elapsed();
    drop(report);
    let memory_before = own_now()?;
    let (mut memory_half, mut done) = (memory_before, 0);
    let begin = Instant::now();
    while done < hour {
        let second = i64::try_from(SECONDS + done / RATE)?;
        let mut changes = Vec::with_capacity(RATE);
        while changes.len() < RATE {
            for told in going.next(second) {
                changes.push(told.decoded()?);
            }
        }
        done += changes.len();
        going_on.apply(changes, going.at(second));
        if done < hour / 2 {
            memory_half = own_now()?;
        }
    }
    let took = begin.elapsed();
    let memory_after = own_now()?;
    let full = diagnose(&going_on.snapshot(), &options);
    Ok(Watched {
        begin: first,
        changes,
        batches,
        half: delays.get(delays.len() / 2).copied().unwrap_or_default(),
        p99: delays
            .get(delays.len() * 99 / 100)
            .copied()
            .unwrap_or_default(),
        worst: delays.last().copied().unwrap_or_default(),
        cpu,
        report: reporting,
        hour_changes: done,
        hour: took,
        memory_before,
        memory_half,
        memory_after,
        is_equal: serde_json::to_string(&going_on.report())? == serde_json::to_string(&full)?,
    })
}

fn judged_watch(watched: &Watched, extent: Extent) -> Vec<Row> {
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let growth = watched.memory_after as f64 / watched.memory_half as f64;
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    vec![
        Row::told(
            "watch: first look",
            format!("{} ({} pods)", seconds(watched.begin), extent.pods),
        ),
        Row::judged(
            "watch: from a change to the causes, p99",
            format!(
                "{} (p50 {}, worst {}, {} CPU; {} changes at {RATE}/s in {} batches, {} pods)",
                millis(watched.p99),
                millis(watched.half),
                millis(watched.worst),
                seconds(watched.cpu),
                watched.changes,
                watched.batches,
                extent.pods
            ),
            "<= 50 ms",
            watched.p99 <= Duration::from_millis(50),
        ),
        Row::told("watch: a whole report", millis(watched.report)),
        Row::told(
            "watch: an hour of changes",
            format!("{} in {}", watched.hour_changes, seconds(watched.hour)),
        ),
        Row::judged(
            "watch: memory after it",
            format!(
                "{:.0} MB (before {:.0}, after half {:.0})",
                megabytes(watched.memory_after),
                megabytes(watched.memory_before),
                megabytes(watched.memory_half)
            ),
            "<= 1.02 of half-way",
            growth <= 1.02,
        ),
        Row::judged(
            "watch: the report is that of a full run",
            watched.is_equal.to_string(),
            "true",
            watched.is_equal,
        ),
    ]
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
