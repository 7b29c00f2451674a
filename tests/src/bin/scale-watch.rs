//! `scale-watch [--hour CHANGES] [PODS...]`: what a diagnosis that goes on costs without a cluster, with 1 000,
//! 10 000, 30 000 and 100 000 pods if nothing else is said: 1 000 changes a second for a minute, then an hour of them
//! (or as many as are said) as fast as they are taken in. Prints a table a size and fails where a bar is missed.
//! `tests/scale/watch` builds it.
//!
//! To profile one of them: `scale-watch --write FOLDER PODS`, then `scale-watch --watch FOLDER PODS DOOR CHANGES`, where
//! the door is `changes` or `pictures`.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use kubelens_tests::scale::alone::measured;
use kubelens_tests::scale::rounds::megabytes;
use kubelens_tests::scale::table::{Row, markdown};
use kubelens_tests::scale::watched::{Door, HOUR, RATE, Watched, watch};
use kubelens_tests::scale::written::{Extent, write};

/// The first argument with which this program measures one watch in a process of its own.
const WATCH: &str = "--watch";

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [WATCH, folder, pods, door, changes] => {
            let extent = Extent::of_pods(pods.parse()?);
            let watched = watch(Path::new(folder), extent, named(door)?, changes.parse()?)?;
            say(serde_json::to_string(&watched)?);
            Ok(())
        }
        ["--write", folder, pods] => {
            std::fs::create_dir_all(folder)?;
            write(Extent::of_pods(pods.parse()?), Path::new(folder))?;
            Ok(())
        }
        ["--hour", changes, sizes @ ..] => run(sizes, changes.parse()?),
        sizes => run(sizes, HOUR),
    }
}

fn named(door: &str) -> Result<Door> {
    match door {
        "changes" => Ok(Door::Changes),
        "pictures" => Ok(Door::Pictures),
        other => bail!("{other}: no door; there are changes and pictures"),
    }
}

fn run(sizes: &[&str], hour: usize) -> Result<()> {
    let sizes: Result<Vec<usize>, _> = sizes.iter().map(|word| word.parse()).collect();
    let mut sizes = sizes.context("numbers of pods, or nothing")?;
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 30_000, 100_000];
    }
    let scratch = tempfile::tempdir()?;
    let mut missed = Vec::new();
    for pods in sizes {
        let extent = Extent::of_pods(pods);
        let folder = scratch.path().join(pods.to_string());
        std::fs::create_dir(&folder)?;
        write(extent, &folder)?;
        for door in ["changes", "pictures"] {
            let words = [
                WATCH,
                &folder.display().to_string(),
                &pods.to_string(),
                door,
                &hour.to_string(),
            ];
            let rows = judged(&measured(&words)?);
            say(format!(
                "\n{pods} pods, {} nodes, by {door}\n\n{}",
                extent.nodes,
                markdown(&rows)
            ));
            let bad = rows.iter().filter(|row| !row.is_met);
            missed.extend(bad.map(|row| format!("{} ({pods} pods, by {door})", row.what)));
        }
        std::fs::remove_dir_all(folder)?;
    }
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

fn judged(watched: &Watched) -> Vec<Row> {
    let paced = &watched.paced;
    let growth = watched.growth();
    let memory: Vec<String> = watched
        .memory
        .iter()
        .map(|bytes| format!("{:.0}", megabytes(*bytes)))
        .collect();
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    vec![
        Row::told("first look", seconds(watched.begin)),
        Row::judged(
            "from a change to the causes, p99",
            format!(
                "{} (p50 {}, longest {})",
                millis(paced.p99),
                millis(paced.half),
                millis(paced.worst)
            ),
            "<= 50 ms",
            paced.p99 <= Duration::from_millis(50),
        ),
        Row::told(
            "changes",
            format!(
                "{} at {RATE}/s in {} batches, {} looks, {} CPU",
                paced.changes,
                paced.batches,
                paced.looks,
                seconds(paced.cpu)
            ),
        ),
        Row::told("a whole report", millis(watched.report)),
        Row::told(
            "an hour of changes",
            format!(
                "{} in {} ({} CPU)",
                watched.hour_changes,
                seconds(watched.hour),
                seconds(watched.hour_cpu)
            ),
        ),
        Row::judged(
            "memory of its last quarter, from the quarter before",
            format!(
                "x {growth:.3} (MB: {} before it, {} after each twentieth, {:.0} at most)",
                megabytes(watched.memory_before).round(),
                memory.join(" "),
                megabytes(watched.peak)
            ),
            "<= 1.02",
            growth <= 1.02,
        ),
        Row::judged(
            "the report is that of a full run",
            watched.is_equal.to_string(),
            "true",
            watched.is_equal,
        ),
    ]
}
