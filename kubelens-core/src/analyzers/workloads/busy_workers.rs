//! A server whose workers are all busy, as it says once when that happens.

use crate::analyzers::pattern::Pattern;
use crate::kubernetes::Pod;
use crate::snapshot::Cluster;

/// PHP-FPM, Apache and nginx.
static WORDS: Pattern = Pattern::new(
    r"(?i)server reached (?:pm\.)?max_children setting|server reached MaxRequestWorkers|scoreboard is full|worker_connections are not enough",
);

/// A container that says so in this run.
#[derive(Debug, Clone, Copy)]
pub(super) struct BusyWorkers<'a> {
    /// Its name.
    pub(super) container: &'a str,
    /// The newest line.
    pub(super) line: &'a str,
}

/// The container of a pod that says that all its workers are busy.
pub(super) fn busy_workers<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<BusyWorkers<'a>> {
    let mut containers = pod.spec.containers.iter();
    containers.find_map(|container| {
        let log = cluster.log(pod, &container.name, false)?;
        let line = log.lines.iter().rev().find(|line| WORDS.is_in(line))?;
        Some(BusyWorkers {
            container: &container.name,
            line,
        })
    })
}
