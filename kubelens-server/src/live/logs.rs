//! Logs of what fails, fetched again when something else fails and now and then.

use kubelens_core::engine::wanted_logs;
use kubelens_core::snapshot::{Change, LogKey, Logs, Snapshot};
use kubelens_core::source::{ClusterSource as _, LiveSource, LogLimits};

/// They are read again after so many rounds.
const EVERY: usize = 10;

/// The logs that were read last.
#[derive(Debug, Default)]
pub(super) struct FailingLogs {
    wanted: Vec<LogKey>,
    logs: Logs,
    age: usize,
}

impl FailingLogs {
    /// Reads what is wanted for this picture; says what changed since the last time.
    pub(super) async fn read(&mut self, snapshot: &Snapshot, source: &LiveSource) -> Vec<Change> {
        let limits = LogLimits::default();
        let wanted = wanted_logs(snapshot, limits.count);
        self.age += 1;
        if wanted == self.wanted && self.age < EVERY {
            return Vec::new();
        }
        let logs = source.logs(&wanted, &limits).await;
        let gone = self.logs.keys().filter(|key| !logs.contains_key(*key));
        let mut changes: Vec<Change> = gone.cloned().map(Change::LogGone).collect();
        changes.extend(
            logs.iter()
                .filter(|(key, log)| self.logs.get(*key) != Some(*log))
                .map(|(key, log)| Change::Log(key.clone(), log.clone())),
        );
        self.logs = logs;
        self.wanted = wanted;
        self.age = 0;
        changes
    }

    /// What was read.
    pub(super) const fn known(&self) -> &Logs {
        &self.logs
    }
}
