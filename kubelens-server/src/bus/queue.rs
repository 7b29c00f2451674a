//! The queue of one listener: bounded, and honest about what did not fit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::sync::Notify;

use super::event::envelope;
use super::{Event, Filter};

/// How many events may wait for a listener.
const LONGEST: usize = 256;

/// What a listener hears.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Something happened.
    Event(Arc<Event>),
    /// Things were missed: everything is to be fetched anew. The text is the envelope.
    Resync {
        /// The id to go on from.
        id: String,
        /// The envelope as it is sent.
        json: String,
    },
}

#[derive(Debug)]
struct Resync {
    from: String,
    to: u64,
    reason: &'static str,
}

#[derive(Debug)]
struct Inner {
    filter: Filter,
    events: VecDeque<Arc<Event>>,
    resync: Option<Resync>,
    is_closed: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    news: Notify,
}

impl Queue {
    pub(super) fn new(filter: Filter) -> Self {
        Self {
            inner: Mutex::new(Inner {
                filter,
                events: VecDeque::new(),
                resync: None,
                is_closed: false,
            }),
            news: Notify::new(),
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Inner) -> T) -> T {
        use_it(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn wants_cluster(&self, cluster: &str) -> bool {
        self.with(|inner| inner.filter.wants_cluster(cluster))
    }

    /// Puts an event in; says how many were lost by it.
    pub(super) fn push(&self, event: &Arc<Event>) -> u64 {
        let lost = self.with(|inner| {
            if !inner.filter.wants(event) || inner.is_closed {
                return None;
            }
            if inner.events.len() >= LONGEST {
                inner.events.retain(|older| !event.stands_for(older));
            }
            let mut lost = 0;
            if inner.events.len() >= LONGEST {
                lost = inner.events.len() as u64;
                let from = inner
                    .events
                    .front()
                    .map(|first| first.id.clone())
                    .unwrap_or_default();
                inner.events.clear();
                inner.resync = Some(Resync {
                    from,
                    to: event.sequence.saturating_sub(1),
                    reason: "the listener was too slow",
                });
            }
            inner.events.push_back(Arc::clone(event));
            Some(lost)
        });
        if lost.is_some() {
            self.news.notify_one();
        }
        lost.unwrap_or(0)
    }

    /// Puts in what was missed; more than fits is to be fetched anew.
    pub(super) fn fill(&self, events: Vec<Arc<Event>>) {
        for event in events {
            self.push(&event);
        }
    }

    pub(super) fn resync(&self, from: &str, to: u64, reason: &'static str) {
        self.with(|inner| {
            inner.resync = Some(Resync {
                from: from.to_owned(),
                to,
                reason,
            });
        });
        self.news.notify_one();
    }

    pub(super) fn close(&self) {
        self.with(|inner| inner.is_closed = true);
        self.news.notify_one();
    }
}

/// Somebody listens. Dropping it ends that.
#[derive(Debug)]
pub struct Subscription {
    queue: Arc<Queue>,
    epoch: String,
}

impl Subscription {
    pub(super) const fn new(queue: Arc<Queue>, epoch: String) -> Self {
        Self { queue, epoch }
    }

    /// What comes next; none once the server goes away and everything was heard.
    pub async fn next(&self) -> Option<Heard> {
        loop {
            let waiting = self.queue.news.notified();
            let taken = self.queue.with(|inner| {
                if let Some(resync) = inner.resync.take() {
                    return Some(Some(self.told(&resync)));
                }
                match inner.events.pop_front() {
                    Some(event) => Some(Some(Heard::Event(event))),
                    None if inner.is_closed => Some(None),
                    None => None,
                }
            });
            match taken {
                Some(heard) => return heard,
                None => waiting.await,
            }
        }
    }

    /// Wants to hear something else from now on.
    pub fn change(&self, filter: Filter) {
        self.queue.with(|inner| inner.filter = filter);
    }

    fn told(&self, resync: &Resync) -> Heard {
        let id = format!("{}-{}", self.epoch, resync.to);
        let payload = json!({"reason": resync.reason, "from": resync.from, "to": id});
        Heard::Resync {
            json: envelope(Some(&id), "resync", None, payload),
            id,
        }
    }
}
