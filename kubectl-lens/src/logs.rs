//! Logs of what fails, for who looks again and again.

use kubelens_core::{
    engine::wanted_logs,
    snapshot::{LogKey, Logs, Snapshot},
    source::{ClusterSource, LiveSource, LogLimits},
};

/// They are read again after so many looks.
const EVERY: usize = 10;

/// Logs that were read: again when something else fails, and now and then.
#[derive(Debug, Default)]
pub(crate) struct FetchedLogs {
    wanted: Vec<LogKey>,
    logs: Logs,
    age: usize,
}

impl FetchedLogs {
    /// The picture with the logs of what fails in it.
    pub(crate) async fn put_into(&mut self, snapshot: Snapshot, source: &LiveSource) -> Snapshot {
        let limits = LogLimits::default();
        let wanted = wanted_logs(&snapshot, limits.count);
        self.age += 1;
        if wanted != self.wanted || self.age >= EVERY {
            self.logs = source.logs(&wanted, &limits).await;
            self.wanted = wanted;
            self.age = 0;
        }
        snapshot.with_logs(self.logs.clone())
    }
}
