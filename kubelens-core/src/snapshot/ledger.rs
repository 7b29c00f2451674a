use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::reads::{Key, Reads, Until};

/// Who asked what, so that a change finds those whose answer may be another.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    readers: HashMap<Key, Vec<u32>, RandomState>,
    entries: HashMap<u32, Entry, RandomState>,
    /// Those whose answers may be others at any later instant.
    always: BTreeSet<u32>,
    /// Those whose answers hold up to an instant.
    limited: BTreeSet<(Timestamp, u32)>,
}

#[derive(Debug)]
struct Entry {
    keys: Box<[Key]>,
    until: Until,
}

impl Ledger {
    /// Writes down what a reader asked, in the place of what it asked before.
    pub(crate) fn write(&mut self, reader: u32, reads: Reads) {
        let until = reads.until();
        let keys = reads.into_keys();
        match self.entries.get_mut(&reader) {
            // Mostly the same questions are asked again.
            Some(entry) if entry.keys == keys => {
                let before = std::mem::replace(&mut entry.until, until);
                if before != until {
                    self.unlimit(reader, before);
                    self.limit(reader, until);
                }
            }
            _ => {
                self.strike(reader);
                for key in &keys {
                    self.readers.entry(*key).or_default().push(reader);
                }
                self.limit(reader, until);
                self.entries.insert(reader, Entry { keys, until });
            }
        }
    }

    /// Forgets a reader.
    pub(crate) fn strike(&mut self, reader: u32) {
        let Some(entry) = self.entries.remove(&reader) else {
            return;
        };
        self.unlimit(reader, entry.until);
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
    pub(crate) fn readers(&self, key: Key) -> &[u32] {
        self.readers.get(&key).map_or(&[], Vec::as_slice)
    }

    fn limit(&mut self, reader: u32, until: Until) {
        match until {
            Until::Ever => {}
            Until::Now => {
                self.always.insert(reader);
            }
            Until::Instant(end) => {
                self.limited.insert((end, reader));
            }
        }
    }

    fn unlimit(&mut self, reader: u32, until: Until) {
        match until {
            Until::Ever => {}
            Until::Now => {
                self.always.remove(&reader);
            }
            Until::Instant(end) => {
                self.limited.remove(&(end, reader));
            }
        }
    }

    /// Those whose answers do not hold at this later instant, in no particular order.
    pub(crate) fn overdue(&self, now: Timestamp) -> impl Iterator<Item = u32> {
        let ended = self.limited.range(..(now, u32::MIN));
        let ended = ended.map(|(_, reader)| *reader);
        self.always.iter().copied().chain(ended)
    }
}
