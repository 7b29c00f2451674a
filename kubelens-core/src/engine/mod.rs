//! Runs the analyzers over a picture and hands what they saw to the diagnosis.

mod coverage;
mod incremental;
mod log_targets;
mod opt_out;
mod options;
mod rehearsal;
mod run;
#[cfg(test)]
mod tests;

pub use incremental::{Incremental, Update};
pub use log_targets::wanted_logs;
pub use options::Options;
pub use rehearsal::rehearse;
pub use run::look;

use crate::analysis::Analyzer;
use crate::diagnosis;
use crate::model::Report;
use crate::snapshot::Snapshot;

/// All analyzers, by code.
pub fn registry() -> &'static [&'static Analyzer] {
    crate::analyzers::registry()
}

/// What is wrong in this picture: analyzers run, findings fold into causes, causes are ranked.
///
/// The same picture and options give the same report, byte for byte.
pub fn diagnose(snapshot: &Snapshot, options: &Options) -> Report {
    let analyzers = options.selected(registry());
    // Objects are shared: the copy costs nothing.
    let snapshot = &snapshot.clone().with_registries(&options.registries);
    let mut sightings = look(snapshot, &analyzers);
    for list in [&mut sightings.seen, &mut sightings.suppressed] {
        list.retain(|(_, sighting)| options.wants(sighting));
    }
    let coverage = coverage::coverage(snapshot, &analyzers);
    diagnosis::report(snapshot, sightings, coverage)
}
