//! Sessions of browsers: the cookie has 256 random bits, the server only their hash.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use lru::LruCache;
use serde::{Deserialize, Serialize};

use super::identity::Identity;
use super::tokens::{Fingerprint, fingerprint};
use crate::hex::hex;
use crate::store::{Shelf, Store, StoreError};

/// Sessions kept; the one used longest ago goes.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// The last use is written down when it is this much newer than what was written.
const WRITTEN_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// What the server knows of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) identity: Identity,
    pub(super) created_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
    /// The hash of the credential it came from: it dies with it.
    pub(super) credential: Fingerprint,
    /// When the credential itself ends, if it says so.
    #[serde(default)]
    pub(super) credential_ends_at: Option<Timestamp>,
}

/// The hash of a session's secret: its key, and to admins its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub(super) Fingerprint);

impl SessionId {
    /// Its name in lists, which opens nothing.
    pub(super) fn shown(&self) -> String {
        hex(self.0.get(..12).unwrap_or(&self.0))
    }
}

/// All sessions: in memory, and in the store when there is one. All times are of [`crate::clock::steady`], so that no
/// session ends or lasts because somebody set the clock.
#[derive(Debug)]
pub(super) struct Sessions {
    store: Option<Store>,
    live: Mutex<LruCache<Fingerprint, Session>>,
    longest: SignedDuration,
}

impl Sessions {
    /// Those of the store that still hold.
    pub(super) fn open(
        store: Option<Store>,
        longest: SignedDuration,
        now: Timestamp,
    ) -> Result<Sessions, StoreError> {
        let sessions = Sessions {
            store,
            live: Mutex::new(LruCache::new(MOST)),
            longest,
        };
        let Some(store) = &sessions.store else {
            return Ok(sessions);
        };
        let mut over = Vec::new();
        let mut known = Vec::new();
        for (key, value) in store.range(Shelf::Sessions, &[], MOST.get() * 2)? {
            let session = serde_json::from_slice::<Session>(&value).ok();
            match (Fingerprint::try_from(&*key), session) {
                (Ok(id), Some(session)) if sessions.holds(&session, now) => {
                    known.push((id, session))
                }
                _ => over.push((key, None)),
            }
        }
        known.sort_by_key(|(_, session)| session.last_seen_at);
        let mut live = sessions.live.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, session) in known {
            if let Some((old, _)) = live.push(id, session)
                && old != id
            {
                over.push((old.to_vec(), None));
            }
        }
        drop(live);
        store.write(Shelf::Sessions, over)?;
        Ok(sessions)
    }

    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    fn holds(&self, session: &Session, now: Timestamp) -> bool {
        let within = |since: Timestamp| now.duration_since(since) < self.longest;
        within(session.created_at)
            && within(session.last_seen_at)
            && session.credential_ends_at.is_none_or(|end| now < end)
    }

    /// Begins a session; the value of its cookie. Blocks while it is written.
    pub(super) fn begin(&self, session: Session) -> Result<String, StoreError> {
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| StoreError::Write(std::io::Error::other(error)))?;
        let cookie = URL_SAFE_NO_PAD.encode(secret);
        let id = fingerprint(&cookie);
        let gone = {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.push(id, session.clone())
        };
        let mut changes = vec![(id.to_vec(), Some(to_json(&session)?))];
        changes.extend(gone.map(|(old, _)| (old.to_vec(), None)));
        if let Some(store) = &self.store
            && let Err(error) = store.write(Shelf::Sessions, changes)
        {
            self.forget(&[id]);
            return Err(error);
        }
        Ok(cookie)
    }

    /// The session of a cookie, when it still holds. The second value asks for its last use to be
    /// written down.
    pub(super) fn find(&self, cookie: &str, now: Timestamp) -> Option<(SessionId, Session, bool)> {
        let id = fingerprint(cookie);
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let session = live.get_mut(&id)?;
        if !self.holds(session, now) {
            live.pop(&id);
            return None;
        }
        let write = now.duration_since(session.last_seen_at) > WRITTEN_AFTER;
        if write {
            session.last_seen_at = now;
        }
        Some((SessionId(id), session.clone(), write))
    }

    /// Whether a session still holds: long streams ask now and then.
    pub(super) fn is_live(&self, id: SessionId, now: Timestamp) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.peek(&id.0).is_some_and(|it| self.holds(it, now))
    }

    /// Writes a session's last use. Blocks. A session that ended meanwhile is not brought back.
    pub(super) fn write_use(&self, id: SessionId) -> Result<(), StoreError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let session = {
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.peek(&id.0).cloned()
        };
        let Some(session) = session else {
            return Ok(());
        };
        let Some(before) = store.get(Shelf::Sessions, &id.0)? else {
            return Ok(());
        };
        let after = to_json(&session)?;
        store.compare_and_swap(Shelf::Sessions, &id.0, Some(&before), Some(&after))?;
        Ok(())
    }

    /// Ends sessions; they are gone from the disk when this returns. Blocks.
    pub(super) fn end(&self, ids: &[SessionId]) -> Result<(), StoreError> {
        let ids: Vec<_> = ids.iter().map(|it| it.0).collect();
        self.forget(&ids);
        match &self.store {
            Some(store) if !ids.is_empty() => {
                let changes = ids.iter().map(|it| (it.to_vec(), None)).collect();
                store.write(Shelf::Sessions, changes)
            }
            _ => Ok(()),
        }
    }

    fn forget(&self, ids: &[Fingerprint]) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            live.pop(id);
        }
    }

    /// All that hold, the newest first.
    pub(super) fn list(&self, now: Timestamp) -> Vec<(SessionId, Session)> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = live
            .iter()
            .filter(|(_, session)| self.holds(session, now))
            .map(|(id, session)| (SessionId(*id), session.clone()))
            .collect();
        all.sort_by_key(|(id, session)| (std::cmp::Reverse(session.created_at), id.0));
        all
    }

    pub(super) fn longest(&self) -> SignedDuration {
        self.longest
    }
}

fn to_json(session: &Session) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(session).map_err(|error| StoreError::Write(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::access::identity::Provider;

    const HOUR: i64 = 3_600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn session(name: &str) -> Session {
        Session {
            identity: Identity {
                name: name.to_owned(),
                role: Role::Operator,
                provider: Provider::Token,
                subject: name.to_owned(),
                groups: Vec::new(),
            },
            created_at: at(0),
            last_seen_at: at(0),
            credential: [7; 32],
            credential_ends_at: None,
        }
    }

    fn sessions(store: Option<Store>, now: Timestamp) -> Sessions {
        Sessions::open(store, SignedDuration::from_hours(12), now).unwrap()
    }

    #[test]
    fn a_session_survives_a_restart_and_ends_after_twelve_hours() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let cookie = sessions(Some(store.clone()), at(0))
            .begin(session("ann"))
            .unwrap();
        let again = sessions(Some(store.clone()), at(HOUR));
        let (id, found, _) = again.find(&cookie, at(HOUR)).unwrap();
        assert_eq!(found.identity.name, "ann");
        assert!(again.is_live(id, at(12 * HOUR - 1)));
        assert!(again.find(&cookie, at(12 * HOUR)).is_none());
        assert!(sessions(Some(store), at(12 * HOUR)).list(at(0)).is_empty());
    }

    #[test]
    fn an_ended_session_stays_ended_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let live = sessions(Some(store.clone()), at(0));
        let cookie = live.begin(session("ann")).unwrap();
        let (id, _, write) = live.find(&cookie, at(HOUR)).unwrap();
        assert!(write);
        live.end(&[id]).unwrap();
        // A use that is written late brings nothing back.
        live.write_use(id).unwrap();
        assert!(live.find(&cookie, at(1)).is_none());
        assert!(sessions(Some(store), at(1)).list(at(1)).is_empty());
    }

    #[test]
    fn it_ends_with_its_credential() {
        let live = sessions(None, at(0));
        let ends = Session {
            credential_ends_at: Some(at(60)),
            ..session("ann")
        };
        let cookie = live.begin(ends).unwrap();
        assert!(live.find(&cookie, at(59)).is_some());
        assert!(live.find(&cookie, at(60)).is_none());
    }

    #[test]
    fn the_store_never_sees_the_cookie() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let cookie = sessions(Some(store.clone()), at(0))
            .begin(session("ann"))
            .unwrap();
        let mut lines = Vec::new();
        store.backup(&mut lines).unwrap();
        for (key, value) in store.range(Shelf::Sessions, &[], 10).unwrap() {
            let text = [key, value].concat();
            assert!(!text.windows(cookie.len()).any(|it| it == cookie.as_bytes()));
        }
        assert_eq!(cookie.len(), 43);
    }

    #[test]
    fn no_two_cookies_are_alike_and_guesses_find_nothing() {
        let live = sessions(None, at(0));
        let cookies: std::collections::BTreeSet<_> = (0..50)
            .map(|_| live.begin(session("ann")).unwrap())
            .collect();
        assert_eq!(cookies.len(), 50);
        for guess in ["", "kubelens-admin", &"A".repeat(43)] {
            assert!(live.find(guess, at(0)).is_none());
        }
    }
}
