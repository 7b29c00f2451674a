//! `scale-offline [PODS...]`: what reading and analysing clusters of these sizes costs without a cluster (1 000,
//! 10 000 and 100 000 pods with a twentieth as many nodes, if nothing else is said), and how that grows. Prints the
//! table and fails where a bar is missed. `tests/scale/offline` builds it.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_core::engine::{Options, diagnose};
use kubelens_core::model::Severity;
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_tests::scale::alone::measured;
use kubelens_tests::scale::rounds::megabytes;
use kubelens_tests::scale::table::{Row, markdown};
use kubelens_tests::scale::usage::{own_cpu, own_peak};
use kubelens_tests::scale::written::{Extent, write};
use serde::{Deserialize, Serialize};

/// The first argument with which this program measures one picture in a process of its own.
const READ: &str = "--read";

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

fn run(sizes: &[usize]) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut costs: Vec<(Extent, Cost)> = Vec::new();
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
        std::fs::remove_dir_all(folder)?;
    }
    let (extent, largest) = costs.last().context("at least one size")?;
    let rows = judged(&costs, *extent, largest);
    say(format!("\n{}", markdown(&rows)));
    let missed: Vec<&str> = rows
        .iter()
        .filter(|row| !row.is_met)
        .map(|row| row.what)
        .collect();
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
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

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
