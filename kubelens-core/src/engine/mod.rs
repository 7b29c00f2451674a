//! Runs the analyzers over a picture and hands what they saw to the diagnosis.

mod code_pattern;
mod configured;
mod coverage;
mod incremental;
mod log_targets;
mod object_pattern;
mod opt_out;
mod options;
mod pack_rules;
mod rehearsal;
mod run;
mod suppression;
#[cfg(test)]
mod tests;
mod verdicts;

pub use code_pattern::CodePattern;
pub use incremental::{Following, Incremental, Update};
pub use log_targets::wanted_logs;
pub use object_pattern::ObjectPattern;
pub use options::Options;
pub use rehearsal::rehearse;
pub use run::look;
pub use suppression::Suppression;

use std::borrow::Cow;

use self::verdicts::Verdicts;
use crate::analysis::Analyzer;
use crate::diagnosis;
use crate::model::Report;
use crate::snapshot::{Snapshot, Tuning};

/// All analyzers, by code.
pub fn registry() -> &'static [&'static Analyzer] {
    crate::analyzers::registry()
}

/// What is wrong in this picture: analyzers run, findings fold into causes, causes are ranked.
///
/// The same picture and options give the same report, byte for byte.
pub fn diagnose(snapshot: &Snapshot, options: &Options) -> Report {
    let snapshot = &*tuned(snapshot, options);
    let mut analyzers = options.selected(registry());
    let mut sightings = look(snapshot, &analyzers);
    let by_rules = pack_rules::look(snapshot, options);
    analyzers.extend(pack_rules::selected(options));
    sightings.seen.extend(by_rules.seen);
    sightings.failed.extend(by_rules.failed);
    let mut notes = by_rules.notes;
    let verdicts = Verdicts::new(options);
    verdicts.apply(snapshot, &mut sightings);
    notes.extend(verdicts.notes_on(snapshot, &analyzers, &sightings));
    let coverage = coverage::coverage(snapshot, &analyzers);
    let excluded = &options.excluded_namespaces;
    let mut report = diagnosis::report(snapshot, sightings, coverage, excluded, notes);
    options.note_checks(registry(), &mut report.scope);
    report
}

/// The picture, judged by the numbers of these options. Objects are shared: a copy costs nothing.
fn tuned<'s>(snapshot: &'s Snapshot, options: &Options) -> Cow<'s, Snapshot> {
    if options.tuning == Tuning::default() {
        Cow::Borrowed(snapshot)
    } else {
        Cow::Owned(snapshot.clone().tuned(options.tuning.clone()))
    }
}
