//! The history in the store: one record an entry, by cluster and number, and one that says how far it goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use kubelens_core::model::Report;
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::entry::Entry;
use crate::store::{Change, Shelf, Store, StoreError};

/// Entries kept of one cluster; the oldest that are over go first.
const MOST: usize = 5_000;
/// How long what is over is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Room that is made at once where there are too many.
const ROOM: usize = 250;
/// Old entries removed with one write.
const PRUNED_AT_ONCE: usize = 256;
/// How often it is looked for what is too old.
const LOOKED_FOR_OLD: SignedDuration = SignedDuration::from_hours(1);
/// How far the history goes is written this often at least.
const BEAT: SignedDuration = SignedDuration::from_mins(1);
/// Entries read at a time.
const STRIDE: usize = 256;

/// How far the history of a cluster goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    looked_at: Timestamp,
    next: u64,
}

/// What is in memory of a cluster.
#[derive(Debug, Clone)]
struct Kept {
    course: Course,
    entries: usize,
    /// When the last report was taken in: the system's clock may jump.
    looked: Option<Instant>,
    written: Option<Instant>,
    pruned: Option<Instant>,
}

/// What was broken when, of all clusters. Cloning shares; calls block.
#[derive(Debug, Clone)]
pub struct History {
    store: Store,
    kept: Arc<Mutex<BTreeMap<String, Kept>>>,
}

impl History {
    /// The history that a store holds.
    pub fn of(store: Store) -> Self {
        Self {
            store,
            kept: Arc::default(),
        }
    }

    /// Takes in a report of the time `at`. What changed is on the disk when this returns; on an error nothing of it is
    /// taken in, so that the next report brings it again.
    pub fn take(
        &self,
        cluster: &str,
        report: &Arc<Report>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        // One task takes in the reports of a cluster: nobody else changes what is known of it meanwhile.
        let known = self.with(|all| all.get(cluster).cloned());
        let mut kept = match known {
            Some(kept) => kept,
            None => self.load(cluster)?,
        };
        let age = |since: Instant| SignedDuration::try_from(since.elapsed()).unwrap_or_default();
        let first = kept.course.next;
        let changed = kept.course.go_on(report, at, kept.looked.map(age));
        kept.looked = Some(Instant::now());
        let is_due = kept.written.is_none_or(|since| age(since) >= BEAT);
        if changed.is_empty() && !is_due {
            self.with(|all| all.insert(cluster.to_owned(), kept));
            return Ok(());
        }
        kept.entries += usize::try_from(kept.course.next - first).unwrap_or_default();
        let head = Head {
            looked_at: at,
            next: kept.course.next,
        };
        let mut write: Vec<Change> = Vec::new();
        let is_late = kept.pruned.is_none_or(|since| age(since) >= LOOKED_FOR_OLD);
        if is_late || kept.entries > MOST {
            write = self.pruned(cluster, &mut kept.entries, at)?;
            kept.pruned = Some(Instant::now());
        }
        for (number, entry) in &changed {
            write.push((key(cluster, *number), Some(to_json(entry)?)));
        }
        write.push((head_key(cluster), Some(to_json(&head)?)));
        self.store.write(Shelf::Reports, write)?;
        kept.written = Some(Instant::now());
        self.with(|all| all.insert(cluster.to_owned(), kept));
        Ok(())
    }

    /// How far it goes: the time of the last report that was taken in, also before a restart.
    pub fn looked_at(&self, cluster: &str) -> Result<Option<Timestamp>, StoreError> {
        let known = self.with(|all| all.get(cluster)?.course.looked);
        match known {
            Some(at) => Ok(Some(at)),
            None => Ok(self.head(cluster)?.map(|head| head.looked_at)),
        }
    }

    fn head(&self, cluster: &str) -> Result<Option<Head>, StoreError> {
        let key = head_key(cluster);
        let head = self.store.get(Shelf::Reports, &key)?;
        head.map(|it| read(&key, &it)).transpose()
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeMap<String, Kept>) -> T) -> T {
        use_it(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Entries, the newest first, while `with` says so.
    pub fn each_back(
        &self,
        cluster: &str,
        mut with: impl FnMut(Entry) -> bool,
    ) -> Result<(), StoreError> {
        let prefix = prefix(cluster);
        let mut before: Option<Vec<u8>> = None;
        loop {
            let entries =
                self.store
                    .prefixed_back(Shelf::Reports, &prefix, before.as_deref(), STRIDE)?;
            let is_end = entries.len() < STRIDE;
            for (key, value) in entries {
                if !with(read(&key, &value)?) {
                    return Ok(());
                }
                before = Some(key);
            }
            if is_end {
                return Ok(());
            }
        }
    }

    fn load(&self, cluster: &str) -> Result<Kept, StoreError> {
        let head = self.head(cluster)?;
        let mut course = Course {
            next: head.as_ref().map_or(0, |head| head.next),
            looked: head.map(|head| head.looked_at),
            ..Course::default()
        };
        let prefix = prefix(cluster);
        let mut entries = 0;
        let found = self.store.prefixed(Shelf::Reports, &prefix, MOST * 2)?;
        for (key, value) in found {
            entries += 1;
            let entry: Entry = read(&key, &value)?;
            let number = key.get(prefix.len()..).and_then(|it| it.try_into().ok());
            if let (Some(number), Entry::Cause { episode, .. }, true) =
                (number, &entry, entry.is_open())
            {
                let number = u64::from_be_bytes(number);
                course.open.insert(episode.id.clone(), (number, entry));
            }
        }
        Ok(Kept {
            course,
            entries,
            looked: None,
            written: None,
            pruned: None,
        })
    }

    /// Removes what is over: what is too old, and the oldest where there are too many.
    fn pruned(
        &self,
        cluster: &str,
        entries: &mut usize,
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        let mut from = prefix(cluster);
        loop {
            let found = self.store.range(Shelf::Reports, &from, STRIDE)?;
            let is_end = found.len() < STRIDE;
            for (key, value) in found {
                if !key.starts_with(&prefix(cluster)) {
                    return Ok(changes);
                }
                from = [&key[..], &[0]].concat();
                let entry: Entry = read(&key, &value)?;
                let Some(end) = entry.end() else {
                    continue;
                };
                if *entries <= MOST - ROOM && now.duration_since(end) <= KEPT {
                    return Ok(changes);
                }
                *entries -= 1;
                changes.push((key, None));
                if changes.len() >= PRUNED_AT_ONCE {
                    return Ok(changes);
                }
            }
            if is_end {
                return Ok(changes);
            }
        }
    }
}

/// Names of clusters have no 0 in them.
fn prefix(cluster: &str) -> Vec<u8> {
    [cluster.as_bytes(), &[0, b'e']].concat()
}

fn key(cluster: &str, number: u64) -> Vec<u8> {
    [&prefix(cluster)[..], &number.to_be_bytes()].concat()
}

fn head_key(cluster: &str) -> Vec<u8> {
    [cluster.as_bytes(), &[0, b'h']].concat()
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Write(error.into()))
}

fn read<T: serde::de::DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|_| StoreError::Damaged {
        shelf: Shelf::Reports,
        key: key.escape_ascii().to_string(),
    })
}
