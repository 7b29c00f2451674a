use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Selector;

/// Findings that are known and accepted: they stay in the report, marked, and are no causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SuppressionEntry {
    /// The analyzer's code or name, or a pattern: `HYG004`, `image-*`, `NET*`.
    pub code: String,
    /// The subject: `KIND/NAMESPACE/NAME`, or `KIND/NAME` in any namespace or in none; each part may be a pattern.
    #[serde(default)]
    pub object: Option<String>,
    /// Labels of the subject; of what shows the fault, where the subject is not there.
    #[serde(default)]
    pub selector: Option<Selector>,
    /// Why: whoever comes next has to know.
    pub reason: String,
    /// Until when: a date (its end, in UTC) or an RFC 3339 time. Without it, for good.
    #[serde(default)]
    pub expires: Option<String>,
}

/// The instant that a suppression ends at: an RFC 3339 time, or the end of a day in UTC.
pub fn expiry(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let end = text.parse::<Date>().ok()?.tomorrow().ok()?;
    // A date with a clock's time and no zone would be read as the date alone.
    (text.len() == 10)
        .then(|| end.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .flatten()
        .map(|end| end.timestamp())
}

#[cfg(test)]
mod tests {
    use super::expiry;

    #[test]
    fn a_date_counts_to_its_end_and_a_time_to_itself() {
        let time = |text: &str| expiry(text).map(|time| time.to_string());
        assert_eq!(time("2026-12-31").as_deref(), Some("2027-01-01T00:00:00Z"));
        assert_eq!(
            time("2026-12-31T10:00:00+02:00").as_deref(),
            Some("2026-12-31T08:00:00Z")
        );
        assert_eq!(time("soon"), None);
        assert_eq!(time("2026-12-31T10:00:00"), None);
        assert_eq!(time("2026-02-30"), None);
    }
}
