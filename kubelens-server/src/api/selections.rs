//! Which cluster each person means: the one that they chose last, in whatever browser.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use crate::access::{Identity, Provider};
use crate::store::{Shelf, Store, StoreError};

/// People whose choice is kept; who did not ask for longest goes.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// The choices, by person.
#[derive(Debug)]
pub struct Selections {
    store: Store,
    known: Mutex<LruCache<String, String>>,
}

/// Whose choice it is; none where everybody is the same somebody.
fn person(who: &Identity) -> Option<String> {
    (who.provider != Provider::Local).then(|| who.key())
}

impl Selections {
    /// Those that a store has.
    pub fn open(store: Store) -> Result<Self, StoreError> {
        let mut known = LruCache::new(MOST);
        for (key, value) in store.range(Shelf::Clusters, &[], MOST.get())? {
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            known.put(text(key), text(value));
        }
        let known = Mutex::new(known);
        Ok(Self { store, known })
    }

    /// The name of the cluster that somebody chose.
    pub fn of(&self, who: &Identity) -> Option<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&person(who)?).cloned()
    }

    /// Keeps what somebody chose; it is on the disk when this returns. Blocks.
    pub fn keep(&self, who: &Identity, cluster: &str) -> Result<(), StoreError> {
        let Some(person) = person(who) else {
            return Ok(());
        };
        let mut changes = vec![(person.clone().into_bytes(), Some(cluster.into()))];
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.peek(&person).is_some_and(|chosen| chosen == cluster) {
                return Ok(());
            }
            if !known.contains(&person)
                && known.len() == MOST.get()
                && let Some((gone, _)) = known.peek_lru()
            {
                changes.push((gone.clone().into_bytes(), None));
            }
        }
        self.store.write(Shelf::Clusters, changes)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.put(person, cluster.to_owned());
        Ok(())
    }
}
