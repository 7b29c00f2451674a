//! What goes on in one cluster, from report to report.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kubelens_core::comparison::blind_to;
use kubelens_core::model::{Report, Severity};

use super::entry::{Ending, Entry, Unwatched};

/// Without a report for longer than this, nobody watched. A quiet cluster is looked at every ten seconds.
const UNWATCHED: SignedDuration = SignedDuration::from_mins(2);

/// What is known after a report.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    /// The causes of the last report, by id: each with the number of its entry.
    pub(super) open: BTreeMap<String, (u64, Entry)>,
    /// The number of the next entry.
    pub(super) next: u64,
    /// The time of the last report.
    pub(super) looked: Option<Timestamp>,
    /// The last report; none after a restart.
    pub(super) report: Option<Arc<Report>>,
}

impl Course {
    /// Goes on to a report of the time `at`; the entries that are new or changed, by number. `idle` is how long ago the
    /// one before was, where that is known better than by the times of both.
    pub(super) fn go_on(
        &mut self,
        report: &Arc<Report>,
        at: Timestamp,
        idle: Option<SignedDuration>,
    ) -> BTreeMap<u64, Entry> {
        let mut changed = BTreeMap::new();
        if let Some(from) = self.looked {
            let idle = idle.unwrap_or_else(|| at.duration_since(from));
            if idle > UNWATCHED {
                let gap = Entry::Unwatched(Unwatched { from, until: at });
                changed.insert(self.take_number(), gap);
            }
        }
        let until = self.looked.unwrap_or(at);
        let mut before = std::mem::take(&mut self.open);
        // What is only worth knowing is no news of an incident.
        let causes = report.causes.iter();
        for cause in causes.filter(|cause| cause.severity > Severity::Info) {
            let entry = if let Some((number, mut entry)) = before.remove(&cause.id) {
                if entry.goes_on(cause) {
                    changed.insert(number, entry.clone());
                }
                (number, entry)
            } else {
                let (number, entry) = (self.take_number(), Entry::begun(cause, at));
                changed.insert(number, entry.clone());
                (number, entry)
            };
            self.open.insert(cause.id.clone(), entry);
        }
        for (_, (number, mut entry)) in before {
            let Entry::Cause { episode, .. } = &entry else {
                continue;
            };
            let blind = blind_to(
                report,
                &episode.code,
                &episode.subject,
                self.report.as_deref(),
            );
            let how = match blind {
                Some(_) => Ending::Unknown,
                None => Ending::Recovered,
            };
            entry.ends(until, at, how);
            changed.insert(number, entry);
        }
        self.looked = Some(at);
        self.report = Some(Arc::clone(report));
        changed
    }

    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
