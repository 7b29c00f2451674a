//! What is known of Kubernetes' releases: until when each minor gets patches, and which API versions go.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::analyzers::nodes::version::Version;

/// Until when each minor version gets patches, oldest first.
const RELEASES: &str = include_str!("../../../data/kubernetes_releases.tsv");

/// API versions that are no longer served from some minor version on.
const REMOVALS: &str = include_str!("../../../data/api_removals.tsv");

/// How many minor versions before the newest one get patches.
const PATCHED: u32 = 2;

/// An API version of a kind that goes or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Removal {
    /// The first version without it.
    pub(super) since: Version,
    /// What to write instead; empty where nothing takes its place.
    pub(super) instead: &'static str,
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect())
}

/// The last day of a minor version; none where it is not known.
pub(super) fn last_day(version: Version) -> Option<Date> {
    releases()
        .find(|(known, _)| *known == version)
        .map(|(_, end)| end)
}

/// The newest minor version that is known.
pub(super) fn newest() -> Option<Version> {
    releases().map(|(version, _)| version).max()
}

/// The oldest minor version that still gets patches; without a time, of those before the newest one.
pub(super) fn oldest_supported(now: Option<Timestamp>) -> Option<Version> {
    let Some(now) = now else {
        let newest = newest()?;
        let minor = newest.minor.checked_sub(PATCHED)?;
        return Some(Version { minor, ..newest });
    };
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    releases()
        .filter(|(_, end)| *end >= today)
        .map(|(version, _)| version)
        .min()
}

fn releases() -> impl Iterator<Item = (Version, Date)> {
    rows(RELEASES).filter_map(|row| match row.as_slice() {
        [version, end] => Some((Version::parse(version)?, end.parse().ok()?)),
        _ => None,
    })
}

/// When an API version of a kind goes.
pub(super) fn removal(api_version: &str, kind: &str) -> Option<Removal> {
    rows(REMOVALS).find_map(|row| match row.as_slice() {
        [known, of, since, instead] if *known == api_version && *of == kind => Some(Removal {
            since: Version::parse(since)?,
            instead,
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_tables_is_read() {
        let count = |table| rows(table).count();
        assert_eq!(releases().count(), count(RELEASES));
        for row in rows(REMOVALS) {
            assert_eq!(row.len(), 4, "{row:?}");
            assert!(removal(row[0], row[1]).is_some(), "{row:?}");
        }
        let mut versions: Vec<Version> = releases().map(|(version, _)| version).collect();
        versions.dedup();
        assert!(versions.is_sorted() && versions.len() == count(RELEASES));
    }

    #[test]
    fn one_version_of_a_group_may_go_at_different_times() {
        let since =
            |kind| removal("storage.k8s.io/v1beta1", kind).map(|removal| removal.since.minor);
        assert_eq!(since("StorageClass"), Some(22));
        assert_eq!(since("VolumeAttributesClass"), Some(37));
        assert_eq!(since("Unheard"), None);
    }
}
