//! What a watch has seen so far.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubelens_core::model::{Cause, Report};

use super::changes::{Change, Happening, between};

/// Recoveries that are remembered.
const MOST: usize = 50;

/// The causes of the last report, and what happened before.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// When it began.
    pub(super) begin: Option<Timestamp>,
    /// The causes as of now.
    known: Vec<Cause>,
    /// Since when causes are there that were not there at the beginning, by id.
    pub(super) appeared: BTreeMap<String, Timestamp>,
    /// What recovered, newest first.
    pub(super) recovered: Vec<Change>,
}

impl Journal {
    /// Takes in a further report; says what changed. The first one's causes all appear, but none of them is new.
    pub(super) fn note(&mut self, report: &Report) -> Vec<Change> {
        let changes = between(&self.known, &report.causes, report.taken_at);
        let is_first = self.begin.is_none();
        self.begin = self.begin.or(report.taken_at);
        for change in &changes {
            match (change.happening, change.at) {
                (Happening::Appeared, Some(at)) if !is_first => {
                    self.appeared.insert(change.cause.id.clone(), at);
                    self.recovered
                        .retain(|known| known.cause.id != change.cause.id);
                }
                (Happening::Recovered, _) => {
                    self.appeared.remove(&change.cause.id);
                    self.recovered.insert(0, change.clone());
                }
                _ => {}
            }
        }
        self.recovered.truncate(MOST);
        self.known.clone_from(&report.causes);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::shop_report;

    #[test]
    fn what_was_there_at_the_beginning_is_not_new_and_what_comes_back_is_not_recovered() {
        let whole = shop_report();
        let mut less = whole.clone();
        less.causes.remove(0);
        let mut journal = Journal::default();
        assert_eq!(journal.note(&whole).len(), whole.causes.len());
        assert!(journal.appeared.is_empty());
        assert_eq!(journal.note(&less).len(), 1);
        assert_eq!(journal.recovered.len(), 1);
        assert_eq!(journal.note(&whole).len(), 1);
        assert!(journal.recovered.is_empty());
        assert_eq!(journal.appeared.len(), 1);
        assert!(journal.note(&whole).is_empty());
    }
}
