//! The schedules of CronJobs: the grammar that Kubernetes reads, and when they were due.
//!
//! Kubernetes reads them with robfig/cron's standard parser: five fields or a descriptor. No crate
//! has just that dialect: Quartz-like ones count weekdays from 1, others take a 7 as Sunday or an `L`,
//! all of which Kubernetes refuses.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Days that are searched for the last due time: more than the eight years between two 29ths of
/// February around a century.
const SEARCHED_DAYS: usize = 8 * 366 + 2;

/// The same zones on every machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of this name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// A schedule, in no zone yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Schedule {
    /// Five fields.
    Times(Times),
    /// `@every 1h30m`.
    Every(SignedDuration),
}

/// Which minutes, hours, days, months and weekdays are meant: a bit for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether day of month or weekday is open; only if neither is, one of them is enough.
    any_day: bool,
}

/// What is wrong with a schedule, as the end of a sentence.
pub(super) type Fault = String;

/// Reads a schedule, without a leading `TZ=`.
pub(super) fn parse(text: &str) -> Result<Schedule, Fault> {
    let text = text.trim();
    if let Some(interval) = text.strip_prefix("@every ") {
        return every(interval.trim());
    }
    let text = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other if other.starts_with('@') => return Err(format!("`{other}` is no known descriptor")),
        other => other,
    };
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(format!("it has {} fields where 5 are needed", fields.len()));
    };
    let (days, any_day_of_month) = field(day, "day of month", 1, 31, &[])?;
    let (weekdays, any_weekday) = field(weekday, "weekday", 0, 6, &WEEKDAYS)?;
    Ok(Schedule::Times(Times {
        minutes: field(minute, "minute", 0, 59, &[])?.0,
        hours: field(hour, "hour", 0, 23, &[])?.0,
        days,
        months: field(month, "month", 1, 12, &MONTHS)?.0,
        weekdays,
        any_day: any_day_of_month || any_weekday,
    }))
}

/// The zone that an older schedule begins with, and the rest.
pub(super) fn split_zone(text: &str) -> (Option<&str>, &str) {
    let text = text.trim();
    let named = text
        .strip_prefix("TZ=")
        .or_else(|| text.strip_prefix("CRON_TZ="));
    match named.and_then(|rest| rest.split_once(' ')) {
        Some((zone, rest)) => (Some(zone), rest),
        None => (None, text),
    }
}

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The values of a field as bits, and whether it is open (`*`).
fn field(
    text: &str,
    what: &str,
    least: u32,
    most: u32,
    names: &[&str],
) -> Result<(u64, bool), Fault> {
    let mut bits = 0;
    let mut is_open = false;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, what, &[], 0)?)),
            None => (part, None),
        };
        let value = |text| number(text, what, names, least);
        let (start, end) = match range.split_once('-') {
            Some((start, end)) => (value(start)?, value(end)?),
            None if range == "*" || range == "?" => {
                is_open |= step.unwrap_or(1) <= 1;
                (least, most)
            }
            None if step.is_some() => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        if start < least || end > most {
            return Err(format!("{what} `{part}` is not within {least} to {most}"));
        }
        if start > end {
            return Err(format!("{what} `{part}` begins after its end"));
        }
        if step == Some(0) {
            return Err(format!("{what} `{part}` has a step of 0"));
        }
        let mut at = start;
        while at <= end {
            bits |= 1_u64 << at;
            at += step.unwrap_or(1);
        }
    }
    if bits == 0 {
        return Err(format!("{what} is empty"));
    }
    Ok((bits, is_open))
}

/// A number, or a name that stands for one; `least` is the number of the first name.
fn number(text: &str, what: &str, names: &[&str], least: u32) -> Result<u32, Fault> {
    let lower = text.to_lowercase();
    let named = names
        .iter()
        .position(|name| *name == lower)
        .and_then(|at| u32::try_from(at).ok());
    match named {
        Some(at) => Ok(at + least),
        None => text
            .parse()
            .map_err(|_| format!("{what} `{text}` is no number")),
    }
}

/// A duration of Go: `1h30m`, `90s`.
fn every(text: &str) -> Result<Schedule, Fault> {
    let wrong = || format!("`{text}` is no duration");
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let (amount, after) = rest.split_at(end);
        let amount: f64 = amount.parse().map_err(|_| wrong())?;
        let units = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let (unit, factor) = units
            .iter()
            .find(|(unit, _)| after.starts_with(unit))
            .ok_or_else(wrong)?;
        seconds += amount * factor;
        rest = after.get(unit.len()..).unwrap_or_default();
    }
    if text.is_empty() || !seconds.is_finite() || seconds > 1e9 {
        return Err(wrong());
    }
    let interval = SignedDuration::from_secs_f64(seconds.max(1.0).floor());
    Ok(Schedule::Every(interval))
}

impl Schedule {
    /// Whether a shift of the zone by whole hours does not change when it is due.
    pub(super) fn is_hourly(&self) -> bool {
        match self {
            Self::Times(times) => times.hours == (1 << 24) - 1 && times.any_day,
            Self::Every(_) => true,
        }
    }

    /// The last time at or before `until` when it was due, after `since`. An interval counts from
    /// `since`.
    pub(super) fn last_due(
        &self,
        since: Timestamp,
        until: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => {
                let passed = until.duration_since(since).as_secs();
                let times = passed / interval.as_secs().max(1);
                let due = SignedDuration::from_secs(interval.as_secs() * times);
                (times > 0).then(|| since.checked_add(due).ok()).flatten()
            }
            Self::Times(times) => times.last_due(until, zone).filter(|due| *due > since),
        }
    }

    /// How often it was due after `since`, at or before `until`; at most `most` is counted.
    pub(super) fn times_due(
        &self,
        since: Timestamp,
        until: Timestamp,
        zone: &TimeZone,
        most: usize,
    ) -> usize {
        if let Self::Every(interval) = self {
            let passed = until.duration_since(since).as_secs();
            let times = passed / interval.as_secs().max(1);
            return usize::try_from(times).map_or(0, |times| times.min(most));
        }
        let mut count = 0;
        let mut until = until;
        while count < most {
            let Some(due) = self.last_due(since, until, zone) else {
                break;
            };
            count += 1;
            let Ok(before) = due.checked_sub(1.second()) else {
                break;
            };
            until = before;
        }
        count
    }

    /// Seconds between the last two times before `until` when it was due.
    pub(super) fn period(&self, until: Timestamp, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Every(interval) => Some(interval.as_secs()),
            Self::Times(times) => {
                let last = times.last_due(until, zone)?;
                let before = times.last_due(last.checked_sub(1.second()).ok()?, zone)?;
                Some(last.duration_since(before).as_secs())
            }
        }
    }
}

impl Times {
    fn last_due(&self, until: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut date = until.to_zoned(zone.clone()).date();
        for _ in 0..SEARCHED_DAYS {
            if self.is_on(date) {
                let due = self.last_on(date, until, zone);
                if due.is_some() {
                    return due;
                }
            }
            date = date.yesterday().ok()?;
        }
        None
    }

    fn is_on(&self, date: Date) -> bool {
        let has = |bits: u64, value: i8| bits & (1_u64 << (value & 63)) != 0;
        let by_day = has(self.days, date.day());
        let by_weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let by_either = if self.any_day {
            by_day && by_weekday
        } else {
            by_day || by_weekday
        };
        has(self.months, date.month()) && by_either
    }

    /// The last due time of that day at or before `until`.
    fn last_on(&self, date: Date, until: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let set = |bits: u64, most: i8| {
            (0..=most)
                .rev()
                .filter(move |value| bits & (1_u64 << (value & 63)) != 0)
        };
        set(self.hours, 23)
            .flat_map(|hour| set(self.minutes, 59).map(move |minute| (hour, minute)))
            .filter_map(|(hour, minute)| {
                let time = date.at(hour, minute, 0, 0);
                let zoned = zone.to_ambiguous_zoned(time).compatible().ok()?;
                Some(zoned.timestamp())
            })
            .find(|due| *due <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn last(schedule: &str, until: &str, zone_name: &str) -> Option<String> {
        let schedule = parse(schedule).expect("a schedule");
        let zone = zone(zone_name).expect("a zone");
        schedule
            .last_due(Timestamp::UNIX_EPOCH, at(until), &zone)
            .map(|due| due.to_string())
    }

    #[test]
    fn what_kubernetes_accepts_is_read() {
        for text in [
            "* * * * *",
            "*/5 0-6,22 1,15 * ?",
            "30 2 * * mon-FRI",
            "0 0 1 JAN *",
            "5/15 * * * *",
            "@hourly",
            "@every 1h30m",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_kubernetes_refuses_is_refused_with_the_reason() {
        let cases = [
            ("* * * *", "it has 4 fields where 5 are needed"),
            ("0 * * * * *", "it has 6 fields where 5 are needed"),
            ("60 * * * *", "minute `60` is not within 0 to 59"),
            ("0 0 * * 7", "weekday `7` is not within 0 to 6"),
            ("0 0 L * *", "day of month `L` is no number"),
            ("0 0 * * fri-mon", "weekday `fri-mon` begins after its end"),
            ("*/0 * * * *", "minute `*/0` has a step of 0"),
            ("@reboot", "`@reboot` is no known descriptor"),
            ("@every day", "`day` is no duration"),
        ];
        for (text, reason) in cases {
            assert_eq!(parse(text), Err(reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_last_due_time_follows_fields_and_zone() {
        let cases = [
            (
                "30 2 * * *",
                "2026-01-01T12:00:00Z",
                "UTC",
                "2026-01-01T02:30:00Z",
            ),
            (
                "30 2 * * *",
                "2026-01-01T01:00:00Z",
                "UTC",
                "2025-12-31T02:30:00Z",
            ),
            (
                "30 2 * * *",
                "2026-01-01T12:00:00Z",
                "Europe/Berlin",
                "2026-01-01T01:30:00Z",
            ),
            (
                "0 6 * * 1",
                "2026-01-01T12:00:00Z",
                "UTC",
                "2025-12-29T06:00:00Z",
            ),
            (
                "0 0 29 2 *",
                "2026-01-01T12:00:00Z",
                "UTC",
                "2024-02-29T00:00:00Z",
            ),
            // Day of month and weekday are both given: either is enough.
            (
                "0 0 13 * 5",
                "2026-01-01T12:00:00Z",
                "UTC",
                "2025-12-26T00:00:00Z",
            ),
        ];
        for (schedule, until, zone, expected) in cases {
            assert_eq!(
                last(schedule, until, zone).as_deref(),
                Some(expected),
                "{schedule} {until}"
            );
        }
        assert_eq!(last("0 0 30 2 *", "2026-01-01T12:00:00Z", "UTC"), None);
    }

    #[test]
    fn missed_times_and_the_period_are_counted() {
        let hourly = parse("0 * * * *").expect("a schedule");
        let (since, until) = (at("2026-01-01T08:30:00Z"), at("2026-01-01T12:00:00Z"));
        assert_eq!(hourly.times_due(since, until, &TimeZone::UTC, 100), 4);
        assert_eq!(hourly.period(until, &TimeZone::UTC), Some(3600));
        let every = parse("@every 90m").expect("a schedule");
        assert_eq!(every.times_due(since, until, &TimeZone::UTC, 100), 2);
    }

    #[test]
    fn zones_are_those_of_the_tz_database() {
        assert!(zone("America/New_York").is_some());
        assert!(zone("Mars/Olympus").is_none());
    }

    #[test]
    fn an_old_prefix_is_split_off() {
        assert_eq!(
            split_zone("CRON_TZ=Europe/Berlin 0 3 * * *"),
            (Some("Europe/Berlin"), "0 3 * * *")
        );
        assert_eq!(split_zone("0 3 * * *"), (None, "0 3 * * *"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[0-9*/,?@a-z -]{0,30}") {
            let _ = parse(&text);
        }
    }
}
