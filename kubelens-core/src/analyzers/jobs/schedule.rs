//! The schedules of CronJobs: the dialect that Kubernetes reads, and when they were due.
//!
//! Kubernetes reads them with robfig/cron's standard parser: five fields or a descriptor. cronexpr
//! knows more (a 7 as Sunday, `L`, `W`, `#`): what Kubernetes refuses is refused before it is asked.

use std::sync::LazyLock;

use cronexpr::{Crontab, parse_crontab};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// Days before an instant in which its last due time is looked for, nearest first: the last is more
/// than the time between two 29ths of February.
const WINDOWS: [i64; 5] = [0, 1, 31, 366, 4 * 366];

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
    Times(String),
    /// `@every 1h30m`.
    Every(SignedDuration),
}

/// What is wrong with a schedule, as the end of a sentence.
pub(super) type Fault = String;

/// What a field may hold: what it is called, its least and most value, names of values.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "weekday",
        0,
        6,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

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
    if fields.len() != FIELDS.len() {
        return Err(format!("it has {} fields where 5 are needed", fields.len()));
    }
    let mut read = Vec::new();
    for (place, (text, field)) in fields.into_iter().zip(&FIELDS).enumerate() {
        let values = values(text, field)?;
        let mut alone = ["*"; FIELDS.len()];
        if let Some(slot) = alone.get_mut(place) {
            *slot = &values;
        }
        if parse_crontab(&format!("{} UTC", alone.join(" "))).is_err() {
            return Err(format!("{} `{text}` cannot be read", field.0));
        }
        read.push(values);
    }
    Ok(Schedule::Times(read.join(" ")))
}

/// A field as cronexpr reads it: `?` is any, `5/15` is from 5 on, a step beyond the end is no step.
fn values(text: &str, (what, least, most, names): &Field) -> Result<String, Fault> {
    let is_value = |value: &str| match value.parse::<u32>() {
        Ok(number) if (*least..=*most).contains(&number) => Ok(()),
        Ok(_) => Err(format!("{what} `{text}` is not within {least} to {most}")),
        Err(_) if names.contains(&value.to_lowercase().as_str()) => Ok(()),
        Err(_) => Err(format!("{what} `{text}` cannot be read")),
    };
    let mut parts = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let is_open = range == "*" || range == "?";
        if !is_open {
            range.split('-').try_for_each(is_value)?;
        }
        let first = if is_open {
            least.to_string()
        } else {
            range.split('-').next().unwrap_or_default().to_owned()
        };
        let range = match is_open {
            true => "*".to_owned(),
            false if step.is_some() && !range.contains('-') => format!("{range}-{most}"),
            false => range.to_owned(),
        };
        parts.push(match step.map(str::parse::<u32>) {
            None => range,
            Some(Ok(step)) if step > *most => first,
            Some(Ok(step)) => format!("{range}/{step}"),
            Some(Err(_)) => return Err(format!("{what} `{text}` cannot be read")),
        });
    }
    Ok(parts.join(","))
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

/// A duration of Go: `1h30m`, `90s`; a second at least.
fn every(text: &str) -> Result<Schedule, Fault> {
    let read = text.parse::<SignedDuration>();
    match read {
        Ok(interval) if !text.contains(' ') && !interval.is_negative() => Ok(Schedule::Every(
            SignedDuration::from_secs(interval.as_secs().max(1)),
        )),
        _ => Err(format!("`{text}` is no duration")),
    }
}

impl Schedule {
    /// Whether a shift of the zone by whole hours does not change when it is due.
    pub(super) fn is_hourly(&self) -> bool {
        match self {
            Self::Times(fields) => fields.split(' ').skip(1).all(|field| field == "*"),
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
            Self::Times(fields) => {
                let crontab = in_zone(fields, zone)?;
                WINDOWS.iter().find_map(|days| {
                    let window = SignedDuration::from_hours(days * 24 + 1);
                    let start = until.checked_sub(window).ok()?.max(since);
                    due_after(&crontab, start, until).last()
                })
            }
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
        match self {
            Self::Every(interval) => {
                let passed = until.duration_since(since).as_secs();
                let times = passed / interval.as_secs().max(1);
                usize::try_from(times).map_or(0, |times| times.min(most))
            }
            Self::Times(fields) => in_zone(fields, zone).map_or(0, |crontab| {
                due_after(&crontab, since, until).take(most).count()
            }),
        }
    }

    /// Seconds between the last two times before `until` when it was due.
    pub(super) fn period(&self, until: Timestamp, zone: &TimeZone) -> Option<i64> {
        if let Self::Every(interval) = self {
            return Some(interval.as_secs());
        }
        let last = self.last_due(Timestamp::UNIX_EPOCH, until, zone)?;
        let earlier = last.checked_sub(SignedDuration::from_secs(1)).ok()?;
        let before = self.last_due(Timestamp::UNIX_EPOCH, earlier, zone)?;
        Some(last.duration_since(before).as_secs())
    }
}

fn in_zone(fields: &str, zone: &TimeZone) -> Option<Crontab> {
    parse_crontab(&format!("{fields} {}", zone.iana_name()?)).ok()
}

/// The times after `start`, at or before `until`.
fn due_after(
    crontab: &Crontab,
    start: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = Timestamp> {
    crontab
        .iter_after(start)
        .into_iter()
        .flatten()
        .map_while(Result::ok)
        .map(|due| due.timestamp())
        .take_while(move |due| *due <= until)
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
            "*/90 */25 * * *",
            "1,,2 * * * *",
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
            ("0 0 0 * *", "day of month `0` is not within 1 to 31"),
            ("0 0 L * *", "day of month `L` cannot be read"),
            ("0 0 * * 5L", "weekday `5L` cannot be read"),
            ("0 0 * * fri-mon", "weekday `fri-mon` cannot be read"),
            ("*/0 * * * *", "minute `*/0` cannot be read"),
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
