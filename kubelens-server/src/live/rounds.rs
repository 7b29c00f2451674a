//! One round after the other: a picture comes, is compared with the last, diagnosed anew where it changed, and told of.

use std::sync::Arc;

use jiff::Timestamp;
use kubelens_core::engine::{Incremental, Options};
use kubelens_core::model::Report;
use kubelens_core::snapshot::{Change, Logs, Snapshot};

use super::difference::{Delta, custom_changes, deltas};

/// The diagnosis of one cluster as it goes on.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    last: Option<(Snapshot, Incremental)>,
    report: Option<Arc<Report>>,
}

/// What came of a round.
#[derive(Debug)]
pub(super) struct Round {
    /// The picture with its logs.
    pub(super) snapshot: Snapshot,
    /// The diagnosis.
    pub(super) report: Arc<Report>,
    /// The one before; none the first time.
    pub(super) previous: Option<Arc<Report>>,
    /// What became of objects since the last round; nothing the first time.
    pub(super) deltas: Vec<Delta>,
}

impl Rounds {
    /// Takes in a picture; `logs` is what is known of them, `log_changes` what changed in them.
    pub(super) fn take(
        &mut self,
        snapshot: Snapshot,
        logs: &Logs,
        log_changes: Vec<Change>,
    ) -> Round {
        let now = snapshot.taken_at().unwrap_or_else(Timestamp::now);
        let mut all = Vec::new();
        let going_on = self
            .last
            .take()
            .filter(|(before, _)| has_same_gaps(before, &snapshot));
        let incremental = match going_on {
            Some((before, mut incremental)) => {
                all = deltas(&before, &snapshot);
                let mut changes: Vec<Change> = all.iter().filter_map(Delta::change).collect();
                changes.extend(custom_changes(&before, &snapshot));
                changes.extend(log_changes);
                incremental.apply(changes, now);
                incremental
            }
            // What can be said has changed with what can be read: everything is looked at anew.
            None => Incremental::new(
                &snapshot.clone().with_logs(logs.clone()),
                &Options::default(),
            ),
        };
        let report = Arc::new(incremental.report());
        let previous = self.report.replace(Arc::clone(&report));
        self.last = Some((snapshot.clone(), incremental));
        Round {
            snapshot: snapshot.with_logs(logs.clone()),
            report,
            previous,
            deltas: all,
        }
    }
}

fn has_same_gaps(before: &Snapshot, after: &Snapshot) -> bool {
    before.gaps().iter().eq(after.gaps().iter()) && before.custom_listed() == after.custom_listed()
}
