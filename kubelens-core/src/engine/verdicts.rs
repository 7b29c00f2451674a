use std::collections::BTreeSet;

use super::Options;
use super::opt_out::OptOuts;
use crate::analysis::{Analyzer, Sightings};
use crate::model::Note;
use crate::snapshot::Snapshot;

/// Most notes of one run; whoever has more has a mess of another kind.
const MOST_NOTES: usize = 50;

/// What the user's settings make of what was seen: severities are set, what is known and accepted is put aside.
/// Returns what about those settings has to be told.
pub(super) fn apply(
    snapshot: &Snapshot,
    options: &Options,
    analyzers: &[&'static Analyzer],
    sightings: &mut Sightings,
) -> Vec<Note> {
    let now = snapshot.taken_at();
    let mut opt_outs = OptOuts::of(snapshot);
    // A fault counts once, however many objects show it.
    let mut covered = vec![BTreeSet::new(); options.suppressions.len()];
    for (analyzer, mut sighting) in std::mem::take(&mut sightings.seen) {
        let severity = options
            .severities
            .iter()
            .find(|(codes, _)| codes.is_of(analyzer));
        if let Some((_, severity)) = severity {
            sighting.severity = Some(*severity);
        }
        // Each that covers it is in use, whichever is told.
        let mut suppressed_by = None;
        for (suppression, covered) in options.suppressions.iter().zip(&mut covered) {
            if suppression.covers(snapshot, analyzer, &sighting) {
                covered.insert((
                    analyzer.code,
                    sighting.subject.clone(),
                    sighting.identity.clone(),
                ));
                if !suppression.is_over(now) {
                    suppressed_by.get_or_insert_with(|| suppression.as_told());
                }
            }
        }
        let opted_out = opt_outs.covering(analyzer, &sighting);
        match suppressed_by.or(opted_out) {
            Some(by) => sightings.suppressed.push((analyzer, sighting, by)),
            None => sightings.seen.push((analyzer, sighting)),
        }
    }
    let mut notes: Vec<Note> = options
        .suppressions
        .iter()
        .zip(covered)
        .filter_map(|(suppression, covered)| suppression.note(snapshot, analyzers, covered.len()))
        .collect();
    notes.extend(opt_outs.notes(analyzers));
    notes.truncate(MOST_NOTES);
    notes
}
