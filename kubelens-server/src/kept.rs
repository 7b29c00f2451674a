//! What requests share that is still there after a restart.

use std::sync::Arc;

use crate::api::answers::Answers;
use crate::api::selections::Selections;
use crate::history::History;
use crate::store::{Store, StoreError};

/// What is kept in the store. Cloning shares.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What was answered to requests that may be asked again.
    pub answers: Arc<Answers>,
    /// What was broken when.
    pub history: History,
    /// Which cluster each person means.
    pub selections: Arc<Selections>,
}

impl Kept {
    /// What a store has.
    pub fn open(store: Store) -> Result<Self, StoreError> {
        Ok(Self {
            answers: Arc::new(Answers::open(store.clone())?),
            history: History::of(store.clone()),
            selections: Arc::new(Selections::open(store)?),
        })
    }
}
