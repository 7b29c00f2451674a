use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::analysis::{Analyzer, Check, Sighting, Sightings, Sink};
use crate::kubernetes::{KindSet, Pod};
use crate::snapshot::{Cluster, Snapshot};

/// Pods that are looked at by all analyzers before the next ones are: few enough to stay near the processor.
const PODS_AT_ONCE: usize = 256;

/// Runs the analyzers over the picture, on all cores, each for itself: one that panics loses its own
/// sightings and nothing else.
///
/// A large picture consists of pods and most analyzers look at each of them, so they walk side by side: fetching
/// a pod takes longer than looking at it.
pub fn look(snapshot: &Snapshot, analyzers: &[&'static Analyzer]) -> Sightings {
    let walks = analyzers
        .iter()
        .enumerate()
        .flat_map(|(at, analyzer)| analyzer.checks.iter().map(move |check| (at, check)));
    let (of_pods, whole): (Vec<_>, Vec<_>) =
        walks.partition(|(_, check)| matches!(check, Check::Pod(_)));
    let pods: Vec<&Pod> = snapshot.table::<Pod>().iter().map(|pod| &**pod).collect();
    let parts: Vec<&[&Pod]> = pods.chunks(PODS_AT_ONCE).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found: Vec<Found> = analyzers.iter().map(|_| Found::default()).collect();
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if let Some((at, check)) = whole.get(task) {
                if let Some(found) = found.get_mut(*at) {
                    found.attempt(snapshot, task, |cluster, sink| check.run(cluster, sink));
                }
            } else if let Some(part) = parts.get(task - whole.len()) {
                for (at, check) in &of_pods {
                    if let (Check::Pod(check), Some(found)) = (check, found.get_mut(*at)) {
                        found.attempt(snapshot, task, |cluster, sink| {
                            part.iter().for_each(|pod| check(pod, cluster, sink));
                        });
                    }
                }
            } else {
                return found;
            }
        }
    };
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min((whole.len() + parts.len()).max(1));
    let found = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .reduce(|mut all, more| {
                all.iter_mut()
                    .zip(more)
                    .for_each(|(all, more)| all.add(more));
                all
            })
            .unwrap_or_default()
    });
    told(analyzers, found)
}

/// What one analyzer brought back so far.
#[derive(Default)]
struct Found {
    /// By task.
    sightings: Vec<(usize, Vec<Sighting>)>,
    touched: KindSet,
    has_failed: bool,
}

impl Found {
    fn attempt(
        &mut self,
        snapshot: &Snapshot,
        task: usize,
        look: impl FnOnce(&Cluster<'_>, &mut Sink),
    ) {
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let cluster = Cluster::new(snapshot);
            let mut sink = Sink::default();
            look(&cluster, &mut sink);
            (sink.into_sightings(), cluster.touched())
        }));
        match attempt {
            Ok((sightings, touched)) => {
                self.touched = self.touched.union(touched);
                if !sightings.is_empty() {
                    self.sightings.push((task, sightings));
                }
            }
            Err(_) => self.has_failed = true,
        }
    }

    fn add(&mut self, more: Self) {
        self.sightings.extend(more.sightings);
        self.touched = self.touched.union(more.touched);
        self.has_failed |= more.has_failed;
    }

    /// All sightings, in an order that does not depend on which worker was faster.
    fn in_order(mut self) -> Vec<Sighting> {
        self.sightings.sort_by_key(|(task, _)| *task);
        let parts = self.sightings.into_iter().map(|(_, part)| part);
        let mut all: Vec<Sighting> = parts.flatten().collect();
        all.sort_by(|a, b| a.order().cmp(&b.order()));
        all
    }
}

fn told(analyzers: &[&'static Analyzer], found: Vec<Found>) -> Sightings {
    let mut all = Sightings::default();
    for (analyzer, found) in analyzers.iter().copied().zip(found) {
        if found.has_failed {
            all.failed.push(analyzer.code);
            continue;
        }
        let touched = found.touched.union(analyzer.walks());
        all.touched.push((analyzer.code, touched));
        let sightings = found.in_order().into_iter();
        all.seen
            .extend(sightings.map(|sighting| (analyzer, sighting)));
    }
    all
}
