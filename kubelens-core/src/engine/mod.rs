//! Runs the analyzers over a picture and hands what they saw to the diagnosis.

mod code_pattern;
mod configured;
mod coverage;
mod log_targets;
mod object_pattern;
mod opt_out;
mod options;
mod run;
mod suppression;
#[cfg(test)]
mod tests;
mod verdicts;

pub use code_pattern::CodePattern;
pub use log_targets::wanted_logs;
pub use object_pattern::ObjectPattern;
pub use options::Options;
pub use run::look;
pub use suppression::Suppression;

use crate::analysis::{Analyzer, Sightings};
use crate::diagnosis;
use crate::model::{Note, Report};
use crate::snapshot::{Snapshot, Tuning};

/// All analyzers, by code.
pub fn registry() -> &'static [&'static Analyzer] {
    crate::analyzers::registry()
}

/// What is wrong in this picture: analyzers run, findings fold into causes, causes are ranked.
///
/// The same picture and options give the same report, byte for byte.
pub fn diagnose(snapshot: &Snapshot, options: &Options) -> Report {
    let tuned;
    let snapshot = if options.tuning == Tuning::default() {
        snapshot
    } else {
        tuned = snapshot.clone().tuned(options.tuning.clone());
        &tuned
    };
    let mut analyzers = options.selected(registry());
    let mut sightings = look(snapshot, &analyzers);
    let mut notes = with_rules(snapshot, options, &mut analyzers, &mut sightings);
    notes.extend(verdicts::apply(
        snapshot,
        options,
        &analyzers,
        &mut sightings,
    ));
    let coverage = coverage::coverage(snapshot, &analyzers);
    let excluded = &options.excluded_namespaces;
    diagnosis::report(snapshot, sightings, coverage, excluded, notes)
}

/// Adds what the rules of packs see; returns what has to be told of them.
#[cfg(feature = "rules-cel")]
fn with_rules(
    snapshot: &Snapshot,
    options: &Options,
    analyzers: &mut Vec<&'static Analyzer>,
    sightings: &mut Sightings,
) -> Vec<Note> {
    let all: Vec<_> = options.rules.iter().map(|rule| rule.analyzer).collect();
    let selected = options.selected(&all);
    let is_selected = |code| selected.iter().any(|analyzer| analyzer.code == code);
    let rules: Vec<_> = options
        .rules
        .iter()
        .filter(|rule| is_selected(rule.analyzer.code))
        .cloned()
        .collect();
    let found = crate::rules::look(snapshot, &rules);
    analyzers.extend(selected);
    sightings.seen.extend(found.seen);
    sightings.failed.extend(found.failed);
    found.notes
}

/// Without the feature there are no rules.
#[cfg(not(feature = "rules-cel"))]
const fn with_rules(
    _snapshot: &Snapshot,
    _options: &Options,
    _analyzers: &mut Vec<&'static Analyzer>,
    _sightings: &mut Sightings,
) -> Vec<Note> {
    Vec::new()
}
