use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::opt_out;
use crate::analysis::{Analyzer, Sighting, Sightings, Sink};
use crate::kubernetes::KindSet;
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Snapshot};

/// What one analyzer brought back; none where it panicked.
type Outcome = Option<(Vec<Sighting>, KindSet)>;

/// Runs the analyzers over the picture, on all cores, each for itself: one that panics loses its own
/// sightings and nothing else.
pub fn look(snapshot: &Snapshot, analyzers: &[&'static Analyzer]) -> Sightings {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::with_capacity(analyzers.len()));
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(analyzers.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(analyzer) = analyzers.get(index) else {
                        break;
                    };
                    let outcome = run_one(snapshot, analyzer);
                    if let Ok(mut all) = outcomes.lock() {
                        all.push((index, outcome));
                    }
                }
            });
        }
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    outcomes.sort_by_key(|(index, _)| *index);
    let mut all = Sightings::default();
    for (index, outcome) in outcomes {
        let Some(analyzer) = analyzers.get(index).copied() else {
            continue;
        };
        match outcome {
            None => all.failed.push(analyzer.code),
            Some((sightings, touched)) => {
                all.touched.push((analyzer.code, touched));
                for sighting in sightings {
                    if opt_out::is_ignored(snapshot, analyzer.code, &sighting) {
                        all.suppressed.push((analyzer, sighting));
                    } else {
                        all.seen.push((analyzer, sighting));
                    }
                }
            }
        }
    }
    all
}

fn run_one(snapshot: &Snapshot, analyzer: &Analyzer) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| {
        let cluster = Cluster::new(snapshot);
        let mut sink = Sink::default();
        analyzer.check.run(&cluster, &mut sink);
        let mut sightings = sink.into_sightings();
        sightings.sort_by(|a, b| order(a).cmp(&order(b)));
        (sightings, cluster.touched())
    }))
    .ok()
}

type Order<'a> = (
    &'a ObjectRef,
    &'a Vec<(&'static str, String)>,
    &'a ObjectRef,
    &'a str,
);

fn order(sighting: &Sighting) -> Order<'_> {
    (
        &sighting.subject,
        &sighting.identity,
        &sighting.seen_on,
        &sighting.title,
    )
}
