//! The rules of packs, among the analyzers that are built in; without the feature there are none.

use super::Options;
use crate::analysis::{Analyzer, Sighting};
use crate::model::Note;
use crate::snapshot::Snapshot;

/// What the rules of packs saw.
#[derive(Debug, Default)]
pub(super) struct SeenByRules {
    pub(super) seen: Vec<(&'static Analyzer, Sighting)>,
    /// Codes of rules that failed.
    pub(super) failed: Vec<&'static str>,
    /// What has to be told of them.
    pub(super) notes: Vec<Note>,
}

/// The analyzers that stand for the rules that run.
#[cfg(feature = "rules-cel")]
pub(super) fn selected(options: &Options) -> Vec<&'static Analyzer> {
    let all: Vec<_> = options.rules.iter().map(|rule| rule.analyzer).collect();
    options.selected(&all)
}

/// Evaluates the rules that run.
#[cfg(feature = "rules-cel")]
pub(super) fn look(snapshot: &Snapshot, options: &Options) -> SeenByRules {
    let selected = selected(options);
    let is_selected = |code| selected.iter().any(|analyzer| analyzer.code == code);
    let rules: Vec<_> = options
        .rules
        .iter()
        .filter(|rule| is_selected(rule.analyzer.code))
        .cloned()
        .collect();
    let found = crate::rules::look(snapshot, &rules);
    SeenByRules {
        seen: found.seen,
        failed: found.failed,
        notes: found.notes,
    }
}

#[cfg(not(feature = "rules-cel"))]
pub(super) const fn selected(_options: &Options) -> Vec<&'static Analyzer> {
    Vec::new()
}

#[cfg(not(feature = "rules-cel"))]
pub(super) fn look(_snapshot: &Snapshot, _options: &Options) -> SeenByRules {
    SeenByRules::default()
}
