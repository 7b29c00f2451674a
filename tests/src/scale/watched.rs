//! What a diagnosis that goes on costs while a cluster changes: how long from a change to the causes, how much
//! memory after an hour of changes, and whether it still says what a full run says.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use kubelens_core::engine::{Following, Incremental, Options, Update, diagnose};
use kubelens_core::kubernetes::{Batch, Interning};
use kubelens_core::model::Report;
use kubelens_core::snapshot::{Change, Snapshot, Writer};
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use serde::{Deserialize, Serialize};

use super::going_on::{Going, Told};
use super::usage::{own_cpu, own_now, own_peak};
use super::written::Extent;

/// Changes a second that the watch tells.
pub const RATE: usize = 1000;
/// Seconds that they come at that rate.
const SECONDS: usize = 60;
/// Changes of an hour at that rate.
pub const HOUR: usize = 3600 * RATE;
/// Changes that come at once while the hour goes by as fast as it can.
const AT_ONCE: usize = 100;
/// How often memory is measured while it goes by.
const PARTS: usize = 20;
/// How long changes are gathered before they are looked at.
const GATHERED: Duration = Duration::from_millis(10);

/// By which door changes come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Door {
    /// One by one, as the engine takes them.
    Changes,
    /// As pictures that share what did not change, as `kubectl lens watch` has them.
    Pictures,
}

/// What a watch costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Watched {
    /// The first look at everything.
    pub begin: Duration,
    /// A minute of changes at the rate.
    pub paced: Paced,
    /// Wall time of a whole report.
    pub report: Duration,
    /// Changes that came as fast as they were taken in.
    pub hour_changes: usize,
    /// Wall time for them.
    pub hour: Duration,
    /// CPU time for them, making them up included.
    pub hour_cpu: Duration,
    /// Resident memory before them, in bytes.
    pub memory_before: u64,
    /// After each twentieth of them.
    pub memory: Vec<u64>,
    /// The most ever.
    pub peak: u64,
    /// Whether the report at the end is that of a full run.
    pub is_equal: bool,
}

/// What changes cost that come at the rate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Paced {
    /// How many there were.
    pub changes: usize,
    /// How often they were looked at.
    pub batches: usize,
    /// Things that were looked at again for them.
    pub looks: usize,
    /// From a change to the causes, of half of them.
    pub half: Duration,
    /// Of 99 of 100.
    pub p99: Duration,
    /// The longest.
    pub worst: Duration,
    /// CPU time, decoding included.
    pub cpu: Duration,
}

impl Watched {
    /// Memory of the last quarter as a share of that of the quarter before: the means of what was measured in each, as
    /// pages that an allocator gives back a moment later are no growth.
    #[must_use]
    pub fn growth(&self) -> f64 {
        let quarter = self.memory.len() / 4;
        let sum = |behind: usize| {
            let parts = self.memory.iter().rev().skip(behind).take(quarter);
            parts.sum::<u64>()
        };
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let growth = sum(0) as f64 / sum(quarter) as f64;
        growth
    }
}

/// A diagnosis that goes on, behind one of its doors.
enum GoingOn {
    Changes(Box<Incremental>),
    Pictures(Box<Following>, Box<Writer>, Timestamp),
}

impl GoingOn {
    fn begin(door: Door, picture: &Snapshot, options: &Options) -> Self {
        match door {
            Door::Changes => Self::Changes(Box::new(Incremental::new(picture, options))),
            Door::Pictures => Self::Pictures(
                Box::new(Following::begin(picture, options)),
                Box::new(Writer::new(picture)),
                picture.taken_at().unwrap_or_default(),
            ),
        }
    }

    fn take_in(
        &mut self,
        told: &[Told],
        now: Timestamp,
        sharing: &mut Interning,
    ) -> Result<Update> {
        for _ in told {
            sharing.count_object();
        }
        match self {
            Self::Changes(going_on) => {
                let changes: Result<Vec<Change>> = told.iter().map(Told::decoded).collect();
                Ok(going_on.apply(changes?, now))
            }
            Self::Pictures(following, writer, at) => {
                for one in told {
                    match one {
                        Told::Stored(kind, json) => {
                            let mut batch = Batch::default();
                            batch.push_json(*kind, json.as_bytes())?;
                            writer.absorb(batch);
                        }
                        Told::Removed(kind, namespace, name) => {
                            writer.remove(*kind, namespace, name);
                        }
                    }
                }
                *at = now;
                Ok(following.go_on_to(&writer.snapshot(now)))
            }
        }
    }

    fn report(&self) -> Report {
        match self {
            Self::Changes(going_on) => going_on.report(),
            Self::Pictures(following, ..) => following.report(),
        }
    }

    fn snapshot(&self) -> Snapshot {
        match self {
            Self::Changes(going_on) => going_on.snapshot(),
            Self::Pictures(_, writer, at) => writer.snapshot(*at),
        }
    }
}

/// Takes changes in as they come, at the rate, then `hour` of them as fast as it goes.
pub fn watch(folder: &Path, extent: Extent, door: Door, hour: usize) -> Result<Watched> {
    let picture = FileSource::new(folder).read(&ReadRequest::default(), &Silent)?;
    let options = Options::default();
    let begin = Instant::now();
    let mut going_on = GoingOn::begin(door, &picture, &options);
    drop(picture);
    // As what keeps a live picture does.
    let mut sharing = Interning::begin();
    let begin = begin.elapsed();
    let mut going = Going::of(extent)?;
    let paced = paced(&mut going_on, &mut going, &mut sharing)?;
    let start = Instant::now();
    drop(going_on.report());
    let report = start.elapsed();
    let memory_before = own_now()?;
    let (mut memory, mut done) = (Vec::with_capacity(PARTS), 0);
    let (start, cpu) = (Instant::now(), own_cpu()?);
    while done < hour {
        let second = i64::try_from(SECONDS + done / RATE)?;
        let mut told = Vec::with_capacity(AT_ONCE);
        while told.len() < AT_ONCE {
            told.extend(going.next(second));
        }
        done += told.len();
        going_on.take_in(&told, going.at(second), &mut sharing)?;
        if done * PARTS >= hour * (memory.len() + 1) {
            memory.push(own_now()?);
        }
    }
    let (hour_taken, hour_cpu) = (start.elapsed(), own_cpu()?.saturating_sub(cpu));
    let peak = own_peak()?;
    let full = diagnose(&going_on.snapshot(), &options);
    Ok(Watched {
        begin,
        paced,
        report,
        hour_changes: done,
        hour: hour_taken,
        hour_cpu,
        memory_before,
        memory,
        peak,
        is_equal: serde_json::to_string(&going_on.report())? == serde_json::to_string(&full)?,
    })
}

/// A minute of changes at the rate: each counts from when it was due to when the causes were there.
fn paced(going_on: &mut GoingOn, going: &mut Going, sharing: &mut Interning) -> Result<Paced> {
    // Made up before, so that only what a watch has to do is measured.
    let mut told = Vec::new();
    while told.len() < RATE * SECONDS {
        let second = i64::try_from(told.len() / RATE)?;
        told.extend(going.next(second));
    }
    let mut delays = Vec::with_capacity(told.len());
    let (mut batches, mut looks) = (0, 0);
    let (begin, cpu) = (Instant::now(), own_cpu()?);
    let tick = Duration::from_secs(1) / u32::try_from(RATE)?;
    let due = |at: usize| tick.saturating_mul(u32::try_from(at).unwrap_or(u32::MAX));
    while let Some(rest) = told.get(delays.len()..).filter(|rest| !rest.is_empty()) {
        let at = delays.len();
        let now = begin.elapsed();
        if let Some(wait) = (due(at) + GATHERED).checked_sub(now) {
            std::thread::sleep(wait);
            continue;
        }
        let come = (at..told.len()).take_while(|next| due(*next) <= now);
        let batch = rest.get(..come.count()).unwrap_or(rest);
        let instant = going
            .at(0)
            .checked_add(SignedDuration::try_from(now)?)
            .unwrap_or_default();
        looks += going_on.take_in(batch, instant, sharing)?.looked_at;
        batches += 1;
        let done = begin.elapsed();
        delays.extend((at..at + batch.len()).map(|number| done.saturating_sub(due(number))));
    }
    let cpu = own_cpu()?.saturating_sub(cpu);
    delays.sort_unstable();
    let share = |hundredths: usize| delays.get(delays.len() * hundredths / 100).copied();
    Ok(Paced {
        changes: delays.len(),
        batches,
        looks,
        half: share(50).unwrap_or_default(),
        p99: share(99).unwrap_or_default(),
        worst: delays.last().copied().unwrap_or_default(),
        cpu,
    })
}
