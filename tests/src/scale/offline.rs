//! What analysis and parsing cost, without a cluster.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kubelens_core::engine::{Options, diagnose};
use kubelens_core::kubernetes::{Kind, Pod};
use kubelens_core::source::{FileSource, ReadRequest, Silent};

use super::multiplied::joined;
use super::usage::{median, own_cpu};

/// How often each is measured.
const ROUNDS: usize = 3;

/// Cost of the analysis.
#[derive(Debug)]
pub struct Analysis {
    /// Pods in the picture.
    pub pods: usize,
    /// All objects in it.
    pub objects: usize,
    /// Wall time.
    pub wall: Duration,
    /// CPU time of all threads.
    pub cpu: Duration,
    /// Causes that were found.
    pub causes: usize,
}

/// Cost of the parser.
#[derive(Debug)]
pub struct Parsing {
    /// What it read.
    pub bytes: usize,
    /// Pods in it.
    pub pods: usize,
    /// CPU time.
    pub cpu: Duration,
}

impl Parsing {
    /// Millions of bytes a second and core.
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn speed(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.cpu.as_secs_f64()
    }
}

/// Reads a folder of lists into memory, then measures the analysis alone. Relations that are worked out once a
/// picture belong to it: so every round gets a picture of its own.
pub fn analysis(folder: &Path) -> Result<Analysis> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let picture = FileSource::new(folder).read(&ReadRequest::default(), &Silent)?;
        let (begin, cpu) = (Instant::now(), own_cpu()?);
        let report = diagnose(&picture, &Options::default());
        rounds.push(Analysis {
            wall: begin.elapsed(),
            cpu: own_cpu()?.saturating_sub(cpu),
            pods: picture.table::<Pod>().len(),
            objects: picture.object_count(),
            causes: report.causes.len(),
        });
    }
    rounds.sort_by_key(|round| round.wall);
    rounds.into_iter().nth(ROUNDS / 2).context("a round")
}

/// Measures the parser on one list of all pods in the folder, of a hundred million bytes or more if there are so
/// many.
pub fn parsing(folder: &Path) -> Result<Parsing> {
    let mut lists = Vec::new();
    let mut bytes = 0;
    for number in 0.. {
        let path = folder.join(format!("{}-{number}.json", Kind::Pod.plural()));
        if bytes > 150_000_000 || !path.exists() {
            break;
        }
        let list = std::fs::read_to_string(&path)?;
        bytes += list.len();
        lists.push(list);
    }
    let path = folder.join("pods.joined");
    let list = joined(&lists);
    drop(lists);
    std::fs::write(&path, &list)?;
    let bytes = list.len();
    drop(list);
    let mut runs = Vec::new();
    let mut pods = 0;
    for _ in 0..ROUNDS {
        let cpu = own_cpu()?;
        let picture = FileSource::new(&path).read(&ReadRequest::default(), &Silent)?;
        runs.push(own_cpu()?.saturating_sub(cpu));
        pods = picture.table::<Pod>().len();
    }
    std::fs::remove_file(&path).context("remove the joined list")?;
    Ok(Parsing {
        bytes,
        pods,
        cpu: median(runs),
    })
}
