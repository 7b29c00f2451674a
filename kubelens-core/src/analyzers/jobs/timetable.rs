//! A CronJob's schedule in its zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::schedule::{Schedule, parse, split_zone, zone};
use crate::kubernetes::CronJob;

/// Seconds by which a due time may be off where the controller's own zone is not known: zones lie
/// up to 14 hours apart from UTC.
const UNKNOWN_ZONE: i64 = 14 * 3600;

/// When a CronJob is due.
#[derive(Debug)]
pub(super) struct Timetable {
    /// Its schedule.
    pub(super) schedule: Schedule,
    /// The zone in which it is read.
    pub(super) zone: TimeZone,
    /// Seconds by which a due time may be off.
    pub(super) slack: i64,
}

impl Timetable {
    /// The timetable; none where schedule or zone cannot be read. Without a zone of its own, a
    /// schedule follows the clock of kube-controller-manager: mostly UTC, which its last run tells.
    pub(super) fn of(cron: &CronJob) -> Option<Self> {
        let (prefix, text) = split_zone(&cron.spec.schedule);
        let schedule = parse(text).ok()?;
        let named = cron.spec.time_zone.non_empty().or(prefix);
        let zone = match named {
            Some(name) => zone(name)?,
            None => TimeZone::UTC,
        };
        let is_known = named.is_some()
            || schedule.is_hourly()
            || cron
                .status
                .last_schedule_time
                .is_some_and(|last| is_due_at(&schedule, last, &zone));
        Some(Self {
            schedule,
            zone,
            slack: if is_known { 0 } else { UNKNOWN_ZONE },
        })
    }

    /// Seconds between two runs.
    pub(super) fn period(&self, until: Timestamp) -> Option<i64> {
        self.schedule.period(until, &self.zone)
    }
}

fn is_due_at(schedule: &Schedule, at: Timestamp, zone: &TimeZone) -> bool {
    let Ok(before) = at.checked_sub(jiff::SignedDuration::from_secs(1)) else {
        return false;
    };
    schedule.last_due(before, at, zone) == Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(json: &str) -> CronJob {
        serde_json::from_str(json).expect("a CronJob")
    }

    #[test]
    fn a_last_run_on_time_proves_the_zone() {
        let on_time = cron(
            r#"{"spec":{"schedule":"30 2 * * *"},"status":{"lastScheduleTime":"2026-01-01T02:30:00Z"}}"#,
        );
        assert_eq!(Timetable::of(&on_time).map(|table| table.slack), Some(0));
        let elsewhere = cron(
            r#"{"spec":{"schedule":"30 2 * * *"},"status":{"lastScheduleTime":"2026-01-01T18:30:00Z"}}"#,
        );
        assert_eq!(
            Timetable::of(&elsewhere).map(|table| table.slack),
            Some(UNKNOWN_ZONE)
        );
    }
}
