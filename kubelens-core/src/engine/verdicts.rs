use std::collections::BTreeSet;

use super::opt_out::{self, OptOuts};
use super::{Options, Suppression};
use crate::analysis::{Analyzer, Sighting, Sightings};
use crate::model::{Note, Severity, SuppressedBy};
use crate::snapshot::{Cluster, Snapshot};

/// Most notes of one run; whoever has more has a mess of another kind.
const MOST_NOTES: usize = 50;

/// What the user's settings make of what was seen, whoever looks and however often.
#[derive(Debug)]
pub(super) struct Verdicts<'o> {
    options: &'o Options,
}

impl<'o> Verdicts<'o> {
    pub(super) const fn new(options: &'o Options) -> Self {
        Self { options }
    }

    /// Whether a sighting is wanted at all, which severity it has, and what keeps it from becoming a cause.
    pub(super) fn judge(
        &self,
        cluster: &Cluster<'_>,
        analyzer: &Analyzer,
        sighting: &mut Sighting,
    ) -> Verdict {
        if !self.options.wants(sighting) {
            return Verdict::Unwanted;
        }
        sighting.chosen = self.severity(analyzer);
        let suppressed_by = self
            .covering(cluster, analyzer, sighting)
            .find(|suppression| !suppression.is_over(cluster))
            .map(Suppression::as_told)
            .or_else(|| opt_out::covering(cluster, analyzer, sighting));
        suppressed_by.map_or(Verdict::Seen, Verdict::Suppressed)
    }

    fn severity(&self, analyzer: &Analyzer) -> Option<Severity> {
        let mut severities = self.options.severities.iter();
        severities
            .find(|(codes, _)| codes.is_of(analyzer))
            .map(|(_, severity)| *severity)
    }

    fn covering<'s>(
        &self,
        cluster: &'s Cluster<'_>,
        analyzer: &'s Analyzer,
        sighting: &'s Sighting,
    ) -> impl Iterator<Item = &'o Suppression> + use<'o, 's> {
        let all = self.options.suppressions.iter();
        all.filter(move |suppression| suppression.covers(cluster, analyzer, sighting))
    }

    /// Judges all that was seen.
    pub(super) fn apply(&self, snapshot: &Snapshot, sightings: &mut Sightings) {
        let cluster = Cluster::new(snapshot);
        for (analyzer, mut sighting) in std::mem::take(&mut sightings.seen) {
            match self.judge(&cluster, analyzer, &mut sighting) {
                Verdict::Unwanted => {}
                Verdict::Seen => sightings.seen.push((analyzer, sighting)),
                Verdict::Suppressed(by) => sightings.suppressed.push((analyzer, sighting, by)),
            }
        }
    }

    /// What about those settings has to be told, once all was seen and judged.
    pub(super) fn notes<'s>(
        &self,
        snapshot: &Snapshot,
        analyzers: &[&'static Analyzer],
        judged: impl IntoIterator<Item = (&'static Analyzer, &'s Sighting)>,
    ) -> Vec<Note> {
        let cluster = Cluster::new(snapshot);
        let mut opt_outs = OptOuts::of(snapshot);
        // A fault counts once, however many objects show it. Each that covers it is in use, whichever is told.
        let mut covered = vec![BTreeSet::new(); self.options.suppressions.len()];
        for (analyzer, sighting) in judged {
            opt_outs.note(analyzer, sighting);
            for (suppression, covered) in self.options.suppressions.iter().zip(&mut covered) {
                if suppression.covers(&cluster, analyzer, sighting) {
                    covered.insert((analyzer.code, &sighting.subject, &sighting.identity));
                }
            }
        }
        let mut notes: Vec<Note> = self
            .options
            .suppressions
            .iter()
            .zip(covered)
            .filter_map(|(suppression, covered)| {
                suppression.note(&cluster, analyzers, covered.len())
            })
            .collect();
        notes.extend(opt_outs.notes(analyzers));
        notes.truncate(MOST_NOTES);
        notes
    }

    /// The same of sightings that were judged.
    pub(super) fn notes_on(
        &self,
        snapshot: &Snapshot,
        analyzers: &[&'static Analyzer],
        sightings: &Sightings,
    ) -> Vec<Note> {
        let seen = sightings
            .seen
            .iter()
            .map(|(one, sighting)| (*one, sighting));
        let suppressed = sightings.suppressed.iter();
        let suppressed = suppressed.map(|(one, sighting, _)| (*one, sighting));
        self.notes(snapshot, analyzers, seen.chain(suppressed))
    }
}

/// What becomes of a sighting.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It belongs to a profile that nobody asked for.
    Unwanted,
    /// It can become a cause.
    Seen,
    /// It is known and accepted.
    Suppressed(SuppressedBy),
}
