//! Answers that were given to requests with an `Idempotency-Key`, kept so that who asks again changes nothing again.
//!
//! That a request was begun is on the disk before anything is done. After a crash in between nobody knows whether it was
//! done: then that is the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{ApiError, Code};
use crate::store::{Shelf, Store, StoreError};

/// How long an answer is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Keys at a time, and the bytes of their answers.
const MOST_KEYS: usize = 50_000;
const MOST_BYTES: usize = 64 << 20;

/// Longest answer that is kept, in bytes.
const LONGEST: usize = 4 << 20;

/// An answer as it is given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// A success, or whatever a handler wrote itself.
    Answer {
        /// The status.
        status: u16,
        /// Its `Content-Type`.
        kind: String,
        /// Its body.
        body: String,
    },
    /// An error of the table.
    Refusal {
        /// Its code.
        code: String,
        /// Its one line.
        message: String,
        /// More, for programs.
        details: Option<Value>,
    },
}

#[derive(Serialize, Deserialize)]
struct Record {
    at: Timestamp,
    mark: String,
    answer: Option<Kept>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Running,
    Unknown,
    Answered,
}

#[derive(Debug, Clone)]
struct Entry {
    at: Timestamp,
    mark: String,
    standing: Standing,
    bytes: usize,
}

/// The answers of one server. Calls block.
#[derive(Debug)]
pub struct Answers {
    store: Store,
    known: Mutex<BTreeMap<String, Entry>>,
}

/// What is to be done with a request.
#[derive(Debug)]
pub enum Begun {
    /// It is the first of its key.
    Go(Turn),
    /// It was answered before.
    Before(Kept),
}

/// A request that goes on; dropped without an end, its outcome is not known.
#[derive(Debug)]
pub struct Turn {
    answers: Arc<Answers>,
    key: String,
    entry: Entry,
    has_ended: bool,
}

impl Answers {
    /// What the store has; whatever was not answered before the last end of the server has an outcome that is not known.
    pub fn open(store: Store) -> Result<Self, StoreError> {
        let mut known = BTreeMap::new();
        for (key, value) in store.range(Shelf::Answers, &[], usize::MAX)? {
            let key = String::from_utf8_lossy(&key).into_owned();
            let Ok(record) = serde_json::from_slice::<Record>(&value) else {
                return Err(StoreError::Damaged {
                    shelf: Shelf::Answers,
                    key,
                });
            };
            let standing = match record.answer {
                Some(_) => Standing::Answered,
                None => Standing::Unknown,
            };
            let entry = Entry {
                at: record.at,
                mark: record.mark,
                standing,
                bytes: value.len(),
            };
            known.insert(key, entry);
        }
        Ok(Self {
            store,
            known: Mutex::new(known),
        })
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeMap<String, Entry>) -> T) -> T {
        use_it(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a request: `key` stands for who asks for what with which key, `mark` for all that was asked.
    pub fn begin(
        self: &Arc<Self>,
        key: &str,
        mark: &str,
        now: Timestamp,
    ) -> Result<Begun, ApiError> {
        self.forget_old(now)?;
        let entry = Entry {
            at: now,
            mark: mark.to_owned(),
            standing: Standing::Running,
            bytes: 0,
        };
        let known = self.with(|known| {
            if let Some(entry) = known.get(key) {
                return Ok(Some(entry.clone()));
            }
            let bytes: usize = known.values().map(|entry| entry.bytes).sum();
            if known.len() >= MOST_KEYS || bytes >= MOST_BYTES {
                let oldest = known.values().map(|entry| entry.at).min().unwrap_or(now);
                return Err(full(oldest, now));
            }
            known.insert(key.to_owned(), entry.clone());
            Ok(None)
        })?;
        if let Some(known) = known {
            return self.again(key, mark, &known).map(Begun::Before);
        }
        let turn = Turn {
            answers: Arc::clone(self),
            key: key.to_owned(),
            entry,
            has_ended: false,
        };
        if let Err(error) = turn.write(None) {
            turn.forget();
            return Err(unwritten(&error));
        }
        Ok(Begun::Go(turn))
    }

    fn again(&self, key: &str, mark: &str, known: &Entry) -> Result<Kept, ApiError> {
        if known.mark != mark {
            return Err(ApiError::new(
                Code::IdempotencyKeyReused,
                "this Idempotency-Key was used for another request: take a new key for each",
            ));
        }
        match known.standing {
            Standing::Running => Err(ApiError::new(
                Code::IdempotencyInProgress,
                "the first request with this Idempotency-Key is not answered yet",
            )
            .retry_after(1)),
            Standing::Unknown => Err(ApiError::new(
                Code::OutcomeUnknown,
                "whether the first request with this Idempotency-Key was done is not known: look at the object, then use a new key",
            )),
            Standing::Answered => {
                let value = self
                    .store
                    .get(Shelf::Answers, key.as_bytes())
                    .map_err(|error| unread(&error))?;
                let record = value.and_then(|value| serde_json::from_slice::<Record>(&value).ok());
                record
                    .and_then(|record| record.answer)
                    .ok_or_else(|| ApiError::new(Code::Internal, "an answer that was kept is gone"))
            }
        }
    }

    fn forget_old(&self, now: Timestamp) -> Result<(), ApiError> {
        let old: Vec<String> = self.with(|known| {
            let is_old = |entry: &Entry| {
                entry.standing != Standing::Running && now.duration_since(entry.at) > KEPT_FOR
            };
            let old: Vec<String> = known
                .iter()
                .filter(|(_, entry)| is_old(entry))
                .map(|(key, _)| key.clone())
                .collect();
            for key in &old {
                known.remove(key);
            }
            old
        });
        if old.is_empty() {
            return Ok(());
        }
        let changes = old
            .into_iter()
            .map(|key| (key.into_bytes(), None))
            .collect();
        self.store
            .write(Shelf::Answers, changes)
            .map_err(|error| unwritten(&error))
    }
}

fn full(oldest: Timestamp, now: Timestamp) -> ApiError {
    let rest = KEPT_FOR
        .as_secs()
        .saturating_sub(now.duration_since(oldest).as_secs());
    ApiError::new(
        Code::Overloaded,
        "too many Idempotency-Keys were used within a day: none can be kept at the moment",
    )
    .retry_after(u64::try_from(rest.max(1)).unwrap_or(1))
}

fn unwritten(error: &StoreError) -> ApiError {
    ApiError::new(Code::StoreUnavailable, format!("nothing was done: {error}")).retry_after(5)
}

fn unread(error: &StoreError) -> ApiError {
    ApiError::new(
        Code::StoreUnavailable,
        format!("the first answer cannot be read: {error}"),
    )
    .retry_after(5)
}

impl Turn {
    fn write(&self, answer: Option<Kept>) -> Result<(), StoreError> {
        let record = Record {
            at: self.entry.at,
            mark: self.entry.mark.clone(),
            answer,
        };
        let value = serde_json::to_vec(&record).unwrap_or_default();
        self.answers
            .store
            .put(Shelf::Answers, self.key.as_bytes(), &value)
    }

    fn stands(&mut self, standing: Standing, bytes: usize) {
        self.has_ended = true;
        self.answers.with(|known| {
            if let Some(entry) = known.get_mut(&self.key) {
                entry.standing = standing;
                entry.bytes = bytes;
            }
        });
    }

    /// It was answered so.
    pub fn answered(mut self, answer: Kept) {
        let bytes = match &answer {
            Kept::Answer { body, .. } => body.len(),
            Kept::Refusal { message, .. } => message.len(),
        };
        if bytes > LONGEST {
            return self.stands(Standing::Unknown, 0);
        }
        match self.write(Some(answer)) {
            Ok(()) => self.stands(Standing::Answered, bytes),
            Err(error) => {
                tracing::error!("an answer was not kept: {error}");
                self.stands(Standing::Unknown, 0);
            }
        }
    }

    /// Nothing was done: the key may be used again.
    pub fn forget(mut self) {
        self.has_ended = true;
        self.answers.with(|known| known.remove(&self.key));
        if let Err(error) = self
            .answers
            .store
            .remove(Shelf::Answers, self.key.as_bytes())
        {
            tracing::error!("a key that was not used stays: {error}");
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.has_ended {
            self.stands(Standing::Unknown, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> (tempfile::TempDir, Store, Arc<Answers>) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let answers = Arc::new(Answers::open(store.clone()).unwrap());
        (directory, store, answers)
    }

    fn go(answers: &Arc<Answers>, key: &str, mark: &str, now: Timestamp) -> Turn {
        match answers.begin(key, mark, now).unwrap() {
            Begun::Go(turn) => turn,
            Begun::Before(kept) => panic!("answered before: {kept:?}"),
        }
    }

    fn kept(text: &str) -> Kept {
        Kept::Answer {
            status: 200,
            kind: "application/json".to_owned(),
            body: text.to_owned(),
        }
    }

    fn refused(answers: &Arc<Answers>, key: &str, mark: &str, now: Timestamp) -> Code {
        answers.begin(key, mark, now).unwrap_err().code
    }

    #[test]
    fn an_answer_is_given_again_for_a_day_also_after_a_restart() {
        let (_directory, store, answers) = answers();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let turn = go(&answers, "k", "m", now);
        assert_eq!(
            refused(&answers, "k", "m", now),
            Code::IdempotencyInProgress
        );
        turn.answered(kept("done"));
        for answers in [
            Arc::clone(&answers),
            Arc::new(Answers::open(store).unwrap()),
        ] {
            assert_eq!(
                refused(&answers, "k", "other", now),
                Code::IdempotencyKeyReused
            );
            match answers.begin("k", "m", now).unwrap() {
                Begun::Before(answer) => assert_eq!(answer, kept("done")),
                Begun::Go(_) => panic!("it would be done again"),
            }
        }
        let later = now + SignedDuration::from_hours(25);
        drop(go(&answers, "k", "other", later));
    }

    #[test]
    fn what_was_begun_and_not_ended_is_not_known() {
        let (_directory, store, answers) = answers();
        let now = Timestamp::now();
        drop(go(&answers, "dropped", "m", now));
        let running = go(&answers, "crashed", "m", now);
        assert_eq!(refused(&answers, "dropped", "m", now), Code::OutcomeUnknown);
        let reopened = Arc::new(Answers::open(store).unwrap());
        assert_eq!(
            refused(&reopened, "crashed", "m", now),
            Code::OutcomeUnknown
        );
        running.forget();
        drop(go(&answers, "crashed", "m", now));
    }
}
