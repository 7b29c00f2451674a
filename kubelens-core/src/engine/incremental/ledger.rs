use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::snapshot::{Key, Reads, Until};

/// Who asked what, so that a change finds those whose answer may be another.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    readers: HashMap<Key, Vec<u32>, RandomState>,
    entries: HashMap<u32, Entry, RandomState>,
}

#[derive(Debug)]
struct Entry {
    keys: Box<[Key]>,
    until: Until,
}

impl Ledger {
    /// Writes down what a reader asked, in the place of what it asked before.
    pub(super) fn write(&mut self, reader: u32, reads: Reads) {
        let until = reads.until();
        let keys = reads.into_keys();
        match self.entries.get_mut(&reader) {
            // Mostly the same questions are asked again.
            Some(entry) if entry.keys == keys => entry.until = until,
            _ => {
                self.strike(reader);
                for key in &keys {
                    self.readers.entry(*key).or_default().push(reader);
                }
                self.entries.insert(reader, Entry { keys, until });
            }
        }
    }

    /// Forgets a reader.
    pub(super) fn strike(&mut self, reader: u32) {
        let Some(entry) = self.entries.remove(&reader) else {
            return;
        };
        for key in &entry.keys {
            if let Some(readers) = self.readers.get_mut(key) {
                if let Some(at) = readers.iter().position(|known| *known == reader) {
                    readers.swap_remove(at);
                }
                if readers.is_empty() {
                    self.readers.remove(key);
                }
            }
        }
    }

    /// Those who asked this.
    pub(super) fn readers(&self, key: Key) -> &[u32] {
        self.readers.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Those whose answers do not hold at this later instant, in no particular order.
    pub(super) fn overdue(&self, now: jiff::Timestamp) -> Vec<u32> {
        self.entries
            .iter()
            .filter(|(_, entry)| !entry.until.holds_at(now))
            .map(|(reader, _)| *reader)
            .collect()
    }
}
