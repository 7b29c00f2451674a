//! The time of a scripted cluster: everything is said as how long ago it was.

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};

/// The time at which the cluster is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Timestamp);

impl Clock {
    /// Reads an RFC 3339 time.
    pub(super) fn at(now: &str) -> Result<Self> {
        Ok(Self(now.parse().with_context(|| format!("time {now}"))?))
    }

    /// The time so many seconds ago, as the API writes it; what is negative lies ahead.
    pub(super) fn ago(self, seconds: i64) -> String {
        let time = self
            .0
            .checked_sub(SignedDuration::from_secs(seconds))
            .unwrap_or(self.0);
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The same with microseconds, as Leases have it.
    pub(super) fn ago_micros(self, seconds: i64, micros: u64) -> String {
        self.ago(seconds)
            .replace('Z', &format!(".{:06}Z", micros % 1_000_000))
    }
}

/// Seconds of `90s`, `5m`, `3h`, `2d`, or several of them: `1h30m`.
pub(super) fn seconds(text: &str) -> Result<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut total = 0;
    let mut digits = String::new();
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            other => anyhow::bail!("duration {text}: {other} is no unit (s, m, h, d)"),
        };
        let number: i64 = digits.parse().with_context(|| format!("duration {text}"))?;
        total += number * unit;
        digits.clear();
    }
    anyhow::ensure!(digits.is_empty(), "duration {text}: a unit is missing");
    Ok(sign * total)
}
