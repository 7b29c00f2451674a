//! Keeps the picture of a live cluster current: every list that was read is watched on from where it stood.

mod event;
mod follow;
mod keeper;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use self::keeper::{Keeper, Message};
use super::LiveSource;
use super::read::{Reading, now, read};
use crate::snapshot::Snapshot;
use crate::source::{Progress, ReadRequest, SourceError};

/// How many messages may wait for the keeper; who brings more waits.
const WAITING: usize = 1024;

/// How many lists are read anew at a time.
const LISTS_AT_A_TIME: usize = 4;

/// A picture that is kept current, until it is dropped. Connections that break are made again.
#[derive(Debug)]
pub struct Watch {
    keeper: mpsc::Sender<Message>,
    changes: mpsc::Receiver<()>,
    /// Ends with this.
    _streams: JoinSet<()>,
    /// How far the server's clock is ahead of this machine's.
    ahead: SignedDuration,
}

/// The picture as of now, and what is wrong with it.
#[derive(Debug)]
pub struct Watched {
    /// The picture.
    pub snapshot: Snapshot,
    /// Kinds that are not being followed at the moment, and why: what is shown of them may be old.
    pub troubles: BTreeMap<String, String>,
}

impl LiveSource {
    /// Reads the picture, and follows what changes from then on. The lists must be read well enough to make a
    /// picture; what cannot be watched is read anew every now and then.
    pub async fn watch(
        &self,
        request: &ReadRequest,
        progress: &dyn Progress,
    ) -> Result<Watch, SourceError> {
        let Reading {
            snapshot,
            streams: read,
            asking,
        } = read(self, request, progress).await?;
        let local = now();
        let ahead = snapshot
            .taken_at()
            .map(|server| server.duration_since(local))
            .unwrap_or_default();
        let (keeper, messages) = mpsc::channel(WAITING);
        let (news, changes) = mpsc::channel(1);
        let targets = read
            .iter()
            .map(|stream| (stream.target.clone(), stream.namespace.clone()))
            .collect();
        let own = Keeper::new(&snapshot, request.clone(), targets, news);
        // It decodes, so it has a thread of its own; strings are shared within it.
        drop(tokio::task::spawn_blocking(move || own.run(messages)));
        let lists = Arc::new(Semaphore::new(LISTS_AT_A_TIME));
        let mut streams = JoinSet::new();
        for (number, stream) in read.into_iter().enumerate() {
            let follower = follow::Follower {
                api: self.api.clone(),
                request: request.clone(),
                asking,
                lists: Arc::clone(&lists),
                keeper: keeper.clone(),
                number,
                stream,
            };
            streams.spawn(follower.run());
        }
        Ok(Watch {
            keeper,
            changes,
            _streams: streams,
            ahead,
        })
    }
}

impl Watch {
    /// Waits until something changed since this was last asked.
    pub async fn changed(&mut self) {
        // With the keeper gone nothing changes any more.
        if self.changes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// The picture as of now; none once nobody keeps it any more.
    pub async fn current(&self) -> Option<Watched> {
        let (reply, answer) = oneshot::channel();
        let asked = now().checked_add(self.ahead).unwrap_or_else(|_| now());
        self.keeper.send(Message::Show(asked, reply)).await.ok()?;
        answer.await.ok()
    }
}
