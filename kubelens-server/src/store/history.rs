//! Which causes a cluster had, over time: a point only where the set changed, thinned with age.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Shelf, Store, StoreError};

/// Points kept of one cluster; the oldest go first.
const MOST_POINTS: usize = 5_000;
/// Older points are thinned to one an hour.
const FINE: SignedDuration = SignedDuration::from_hours(24);
/// Older points are forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What a cluster had from one moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPoint {
    /// Since when.
    pub at: Timestamp,
    /// 0..100, of the report.
    pub health_score: u8,
    /// Ids of the causes, in their order.
    pub causes: BTreeSet<String>,
}

/// The history of reports in a store.
#[derive(Debug, Clone)]
pub struct ReportHistory {
    store: Store,
}

impl ReportHistory {
    /// The history that `store` keeps.
    pub fn new(store: Store) -> ReportHistory {
        ReportHistory { store }
    }

    /// Adds a point unless it says the same as the newest one, and forgets what is too old.
    /// Says whether it was added.
    pub fn record(&self, cluster: &str, point: &HistoryPoint) -> Result<bool, StoreError> {
        let points = self.points(cluster)?;
        let same = points.last().is_some_and(|last| {
            last.causes == point.causes && last.health_score == point.health_score
        });
        if same {
            return Ok(false);
        }
        let value = serde_json::to_vec(point).map_err(|error| StoreError::Write(error.into()))?;
        let mut changes: Vec<_> = forgotten(&points, point.at)
            .into_iter()
            .map(|at| (key(cluster, at), None))
            .collect();
        changes.push((key(cluster, point.at), Some(value)));
        self.store.write(Shelf::Reports, changes)?;
        Ok(true)
    }

    /// All points of a cluster, oldest first.
    pub fn points(&self, cluster: &str) -> Result<Vec<HistoryPoint>, StoreError> {
        let entries = self
            .store
            .prefixed(Shelf::Reports, &prefix(cluster), MOST_POINTS + 1)?;
        entries
            .into_iter()
            .map(|(key, value)| {
                serde_json::from_slice(&value).map_err(|_| StoreError::Damaged {
                    shelf: Shelf::Reports,
                    key: key.escape_ascii().to_string(),
                })
            })
            .collect()
    }
}

/// Points that need not be kept: too old, beside a newer one of the same hour, or too many.
fn forgotten(points: &[HistoryPoint], now: Timestamp) -> BTreeSet<Timestamp> {
    let hour = |at: Timestamp| at.as_second().div_euclid(3_600);
    let age = |at: Timestamp| now.duration_since(at);
    let mut gone: BTreeSet<_> = points
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if age(a.at) > FINE && hour(a.at) == hour(b.at) => Some(a.at),
            _ => None,
        })
        .collect();
    gone.extend(points.iter().map(|it| it.at).filter(|at| age(*at) > KEPT));
    let over = (points.len() - gone.len() + 1).saturating_sub(MOST_POINTS);
    let left: Vec<_> = points
        .iter()
        .map(|it| it.at)
        .filter(|at| !gone.contains(at))
        .collect();
    gone.extend(left.into_iter().take(over));
    gone
}

fn prefix(cluster: &str) -> Vec<u8> {
    let mut key = cluster.as_bytes().to_vec();
    key.push(0);
    key
}

fn key(cluster: &str, at: Timestamp) -> Vec<u8> {
    let mut key = prefix(cluster);
    // Signed to unsigned with the order kept.
    let millis = at.as_millisecond().wrapping_sub(i64::MIN).cast_unsigned();
    key.extend_from_slice(&millis.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64, cause: &str) -> HistoryPoint {
        HistoryPoint {
            at: Timestamp::from_second(at).unwrap(),
            health_score: 80,
            causes: BTreeSet::from([cause.to_owned()]),
        }
    }

    #[test]
    fn a_point_is_kept_only_where_something_changed() {
        let directory = tempfile::tempdir().unwrap();
        let history = ReportHistory::new(Store::open(directory.path()).unwrap());
        assert!(history.record("a", &point(10, "x")).unwrap());
        assert!(!history.record("a", &point(20, "x")).unwrap());
        assert!(history.record("a", &point(30, "y")).unwrap());
        assert!(history.record("ab", &point(31, "z")).unwrap());
        assert_eq!(
            history.points("a").unwrap(),
            [point(10, "x"), point(30, "y")]
        );
    }

    #[test]
    fn old_points_are_thinned_to_one_an_hour_and_then_forgotten() {
        let points = [
            point(0, "a"),
            point(3_600, "b"),
            point(3_700, "c"),
            point(7_300, "d"),
        ];
        let day_later = Timestamp::from_second(3_600 * 27).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(forgotten(&points, day_later), BTreeSet::from([at(3_600)]));
        let much_later = Timestamp::from_second(3_600 * 24 * 40).unwrap();
        assert_eq!(forgotten(&points, much_later).len(), 4);
    }
}
