//! Reads a recording and says what is in it, how fast it was read, and where the diagnosis takes its time:
//! `cargo run --release -p kubelens-core --example load -- PATH`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example"
)]

use std::time::Instant;

use kubelens_core::engine::{Options, diagnose, look, registry};
use kubelens_core::kubernetes::Kind;
use kubelens_core::source::{FileSource, Progress, ReadRequest};

struct Warnings;

impl Progress for Warnings {
    fn warning(&self, text: &str) {
        println!("warning: {text}");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("name a file or a directory")?;
    let begin = Instant::now();
    let snapshot = FileSource::new(&path).read(&ReadRequest::default(), &Warnings)?;
    let seconds = begin.elapsed().as_secs_f64();
    let counts: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| (kind, snapshot.tables().count(*kind)))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    println!("{}", counts.join(", "));
    println!(
        "{} objects of other kinds, {} logs",
        snapshot.custom().values().map(Vec::len).sum::<usize>(),
        snapshot.logs().len()
    );
    println!(
        "taken at {:?}",
        snapshot.taken_at().map(|at| at.to_string())
    );
    for (kind, namespace, gap) in snapshot.gaps().iter() {
        println!(
            "gap: {kind} {} {}: {}",
            namespace.unwrap_or("*"),
            gap.state.as_str(),
            gap.detail
        );
    }
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    println!(
        "{megabytes:.1} MB in {seconds:.3} s: {:.0} MB/s",
        megabytes / seconds
    );
    for round in ["first", "second"] {
        let begin = Instant::now();
        let report = diagnose(&snapshot, &Options::default());
        println!(
            "{} causes in {:.3} s, the {round} time",
            report.causes.len(),
            begin.elapsed().as_secs_f64()
        );
    }
    let mut slowest: Vec<_> = registry()
        .iter()
        .map(|analyzer| {
            let begin = Instant::now();
            let seen = look(&snapshot, &[*analyzer]).seen.len();
            (begin.elapsed(), analyzer.code, seen)
        })
        .collect();
    slowest.sort();
    for (time, code, seen) in slowest.iter().rev().take(20) {
        println!("{code} {:.3} s, {seen} sightings", time.as_secs_f64());
    }
    Ok(())
}
