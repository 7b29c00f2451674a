//! The chain on the disk: records, its head and floor, checkpoints; bounded.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::chain::{Anchor, GENESIS, Phase, Record};
use super::entry::AuditEntry;
use super::file::AuditFile;
use super::filter::AuditFilter;
use super::{AuditError, AuditOptions, UNKNOWN_OUTCOME};
use crate::clock;
use crate::store::{Change, Shelf, Store, StoreError};

const HEAD: &[u8] = b"head";
const FLOOR: &[u8] = b"floor";
const RECORD: &[u8] = b"r";
const CHECKPOINT: &[u8] = b"c";
/// Records read at a time.
const STRIDE: usize = 256;
/// Records looked at by one search.
const MOST_SEARCHED: usize = 50_000;
/// Records in which an intent without an outcome is looked for at the start.
const OPEN_INTENTS: usize = 10_000;
/// Old records removed with one write.
const PRUNED_AT_ONCE: usize = 64;
/// How often the age of the oldest record is looked at, in records.
const AGE_EVERY: u64 = 50;

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    seq: u64,
    hash: String,
    next_id: u64,
    bytes: u64,
}

/// A record that is not linked yet.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) phase: Phase,
    pub(super) entry: AuditEntry,
    pub(super) intent: Option<u64>,
}

/// The one writer's view of the chain.
pub(super) struct Ledger {
    store: Store,
    options: AuditOptions,
    head: Head,
    floor: Anchor,
    file: Option<AuditFile>,
    /// Whether a write failed that may be on the disk all the same.
    is_doubtful: bool,
}

/// Where the chain of a store ends and begins; an error where its head and its newest record disagree.
fn checked_ends(store: &Store) -> Result<(Head, Anchor), StoreError> {
    let genesis = Anchor {
        seq: 0,
        hash: GENESIS.to_owned(),
    };
    let head: Option<Head> = get(store, HEAD)?;
    let floor: Option<Anchor> = get(store, FLOOR)?;
    let newest = store.prefixed_back(Shelf::Audit, RECORD, None, 1)?;
    let newest = newest
        .first()
        .map(|(key, value)| read::<Record>(key, value));
    let newest = newest.transpose()?;
    let head = match (head, newest) {
        (None, None) => Head {
            seq: 0,
            hash: GENESIS.to_owned(),
            next_id: 1,
            bytes: 0,
        },
        (Some(head), Some(last)) if last.seq == head.seq && last.hash == head.hash => head,
        (Some(head), None) if floor.as_ref().is_some_and(|it| it.seq == head.seq) => head,
        _ => return Err(damaged(HEAD)),
    };
    Ok((head, floor.unwrap_or(genesis)))
}

fn record_key(seq: u64) -> Vec<u8> {
    [RECORD, &seq.to_be_bytes()].concat()
}

fn damaged(key: &[u8]) -> StoreError {
    StoreError::Damaged {
        shelf: Shelf::Audit,
        key: key.escape_ascii().to_string(),
    }
}

fn read<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|_| damaged(key))
}

fn get<T: DeserializeOwned>(store: &Store, key: &[u8]) -> Result<Option<T>, StoreError> {
    let value = store.get(Shelf::Audit, key)?;
    value.map(|it| read(key, &it)).transpose()
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Write(error.into()))
}

impl Ledger {
    /// The chain that `store` holds. Its last record must be the one that the head names.
    pub(super) fn open(store: Store, options: AuditOptions) -> Result<Ledger, AuditError> {
        let (head, floor) = checked_ends(&store)?;
        let file = options.file.as_deref().map(AuditFile::open).transpose()?;
        let mut ledger = Ledger {
            store,
            options,
            head,
            floor,
            file,
            is_doubtful: false,
        };
        ledger.copy_to_file()?;
        Ok(ledger)
    }

    pub(super) fn take_id(&mut self) -> u64 {
        let id = self.head.next_id;
        self.head.next_id += 1;
        id
    }

    /// Links and writes all of them or none; they are on the disk when this returns.
    pub(super) fn append(&mut self, batch: Vec<Pending>) -> Result<Vec<Record>, AuditError> {
        if self.is_doubtful {
            let next_id = self.head.next_id;
            (self.head, self.floor) = checked_ends(&self.store)?;
            self.head.next_id = self.head.next_id.max(next_id);
            self.is_doubtful = false;
        }
        let mut head = self.head.clone();
        let mut changes: Vec<Change> = Vec::with_capacity(batch.len() + 4);
        let mut records = Vec::with_capacity(batch.len());
        let mut checkpoint = None;
        for Pending {
            phase,
            entry,
            intent,
        } in batch
        {
            let id = head.next_id.to_string();
            let entry = AuditEntry {
                id,
                ..entry.bounded()
            };
            let record = Record::link(head.seq + 1, phase, intent, entry, &head.hash);
            let value = to_json(&record)?;
            head.next_id += 1;
            head.seq = record.seq;
            head.hash.clone_from(&record.hash);
            head.bytes += value.len() as u64;
            changes.push((record_key(record.seq), Some(value)));
            if record.seq.is_multiple_of(self.options.checkpoint_every) {
                let anchor = Anchor {
                    seq: record.seq,
                    hash: record.hash.clone(),
                };
                let key = [CHECKPOINT, &anchor.seq.to_be_bytes()].concat();
                changes.push((key, Some(to_json(&anchor)?)));
                checkpoint = Some(anchor);
            }
            records.push(record);
        }
        let floor = self.prune(&mut head, &mut changes)?;
        changes.push((HEAD.to_vec(), Some(to_json(&head)?)));
        self.store
            .write(Shelf::Audit, changes)
            .inspect_err(|_| self.is_doubtful = true)?;
        self.head = head;
        self.floor = floor;
        if let Some(Anchor { seq, hash }) = checkpoint {
            // The log is elsewhere: `audit verify --anchor` holds the chain against it.
            tracing::info!("audit checkpoint {seq}:{hash}");
        }
        Ok(records)
    }

    /// Removes the oldest records where there are too many, too much or too old.
    fn prune(&self, head: &mut Head, changes: &mut Vec<Change>) -> Result<Anchor, StoreError> {
        let options = &self.options;
        let mut floor = self.floor.clone();
        let over = |head: &Head, floor: &Anchor| {
            head.seq - floor.seq > options.most_records || head.bytes > options.most_bytes
        };
        let look_at_age = head.seq / AGE_EVERY != self.head.seq / AGE_EVERY;
        if !over(head, &floor) && !look_at_age {
            return Ok(floor);
        }
        let now = clock::steady();
        let from = record_key(floor.seq + 1);
        for (key, value) in self.store.range(Shelf::Audit, &from, PRUNED_AT_ONCE)? {
            if !key.starts_with(RECORD) {
                break;
            }
            let record: Record = read(&key, &value)?;
            let old = now.duration_since(record.entry.timestamp) > options.longest;
            if !old && !over(head, &floor) {
                break;
            }
            head.bytes = head.bytes.saturating_sub(value.len() as u64);
            let checkpoint = [CHECKPOINT, &record.seq.to_be_bytes()].concat();
            changes.push((checkpoint, None));
            changes.push((key, None));
            floor = Anchor {
                seq: record.seq,
                hash: record.hash,
            };
        }
        changes.push((FLOOR.to_vec(), Some(to_json(&floor)?)));
        Ok(floor)
    }

    /// Brings the file up to the head; what it missed while it could not be written comes first.
    pub(super) fn copy_to_file(&mut self) -> Result<(), AuditError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        while file.last_seq() < self.head.seq {
            let from = file.last_seq().max(self.floor.seq) + 1;
            let entries = self.store.range(Shelf::Audit, &record_key(from), STRIDE)?;
            let mut records = Vec::with_capacity(entries.len());
            for (key, value) in entries.iter().filter(|(key, _)| key.starts_with(RECORD)) {
                records.push(read::<Record>(key, value)?);
            }
            if records.is_empty() {
                return Err(damaged(HEAD).into());
            }
            file.append(&records)?;
        }
        Ok(())
    }

    /// Gives an outcome to every action that was open when the server died.
    pub(super) fn close_open_intents(&mut self) -> Result<(), AuditError> {
        let mut open: BTreeMap<u64, AuditEntry> = BTreeMap::new();
        let mut closed = std::collections::BTreeSet::new();
        each_back(&self.store, OPEN_INTENTS, |record| {
            match (record.phase, record.intent) {
                (Phase::Outcome, Some(intent)) => {
                    closed.insert(intent);
                }
                (Phase::Intent, _) if !closed.contains(&record.seq) => {
                    open.insert(record.seq, record.entry);
                }
                _ => {}
            }
            true
        })?;
        let pending: Vec<_> = open
            .into_iter()
            .map(|(seq, entry)| {
                let mut entry = entry.finished(500, 0, std::time::Duration::ZERO);
                entry.reason = Some(UNKNOWN_OUTCOME.to_owned());
                Pending {
                    phase: Phase::Outcome,
                    entry,
                    intent: Some(seq),
                }
            })
            .collect();
        if !pending.is_empty() {
            tracing::warn!("{} actions were open when the server ended", pending.len());
            self.append(pending)?;
            self.copy_to_file()?;
        }
        Ok(())
    }

    /// The newest entries that are not intents, oldest first.
    pub(super) fn newest(&self, limit: usize) -> Result<Vec<AuditEntry>, AuditError> {
        let mut entries = Vec::new();
        each_back(&self.store, limit.saturating_mul(3), |record| {
            if record.phase != Phase::Intent {
                entries.push(record.shown());
            }
            entries.len() < limit
        })?;
        entries.reverse();
        Ok(entries)
    }
}

/// Records newest first, at most `limit` of them, until `with` says stop.
fn each_back(
    store: &Store,
    limit: usize,
    mut with: impl FnMut(Record) -> bool,
) -> Result<(), StoreError> {
    let mut before: Option<Vec<u8>> = None;
    let mut left = limit;
    while left > 0 {
        let stride = STRIDE.min(left);
        let entries = store.prefixed_back(Shelf::Audit, RECORD, before.as_deref(), stride)?;
        left -= entries.len();
        let ended = entries.len() < stride;
        for (key, value) in entries {
            let record = read(&key, &value)?;
            before = Some(key);
            if !with(record) {
                return Ok(());
            }
        }
        if ended {
            break;
        }
    }
    Ok(())
}

/// Records oldest first, until `with` fails.
pub(super) fn each(
    store: &Store,
    mut with: impl FnMut(Record) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut from = RECORD.to_vec();
    loop {
        let entries = store.range(Shelf::Audit, &from, STRIDE)?;
        let mut last = None;
        for (key, value) in entries {
            if !key.starts_with(RECORD) {
                return Ok(());
            }
            with(read(&key, &value)?)?;
            last = Some(key);
        }
        let Some(mut key) = last else {
            return Ok(());
        };
        key.push(0);
        from = key;
    }
}

/// The entries that match, newest first, and how many match.
pub(super) fn search(
    store: &Store,
    filter: &AuditFilter,
) -> Result<(usize, Vec<AuditEntry>), StoreError> {
    let (mut total, mut entries) = (0, Vec::new());
    each_back(store, MOST_SEARCHED, |record| {
        if filter
            .since
            .is_some_and(|since| record.entry.timestamp < since)
        {
            return false;
        }
        if record.phase != Phase::Intent && filter.matches(&record.entry) {
            total += 1;
            if entries.len() < filter.limit {
                entries.push(record.shown());
            }
        }
        true
    })?;
    Ok((total, entries))
}

/// Writes the records that match as lines, oldest first; says how many.
pub(super) fn export(
    store: &Store,
    filter: &AuditFilter,
    out: &mut dyn std::io::Write,
) -> Result<u64, StoreError> {
    let mut count = 0;
    each(store, |record| {
        if filter.matches(&record.entry) {
            writeln!(out, "{}", record.line()).map_err(StoreError::Write)?;
            count += 1;
        }
        Ok(())
    })?;
    out.flush().map_err(StoreError::Write)?;
    Ok(count)
}

/// What a chain must begin and end with, and hold.
pub(super) struct Ends {
    pub(super) floor: Anchor,
    pub(super) head: Option<Anchor>,
    pub(super) checkpoints: Vec<Anchor>,
}

/// Those of a store that no server has open.
pub(super) fn ends(store: &Store) -> Result<Ends, StoreError> {
    let head: Option<Head> = get(store, HEAD)?;
    let floor: Option<Anchor> = get(store, FLOOR)?;
    let mut checkpoints = Vec::new();
    for (key, value) in store.prefixed(Shelf::Audit, CHECKPOINT, 1_000_000)? {
        checkpoints.push(read(&key, &value)?);
    }
    let genesis = || Anchor {
        seq: 0,
        hash: GENESIS.to_owned(),
    };
    Ok(Ends {
        floor: floor.unwrap_or_else(genesis),
        head: head.map(|Head { seq, hash, .. }| Anchor { seq, hash }),
        checkpoints,
    })
}
