//! What happens, told to whoever listens: bounded queues, a bounded memory to resume from, and never a silent loss.

mod event;
mod filter;
mod hearing;
mod queue;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use event::{Draft, Event, Reach, envelope};
pub use filter::{Filter, Wanted};
pub use hearing::Hearing;
pub use queue::{Heard, Subscription};

use crate::live::Cluster;
use queue::Queue;

/// How many events of a cluster are kept to resume from.
const RING: usize = 4096;

/// The bus.
#[derive(Debug)]
pub struct Bus {
    epoch: String,
    state: Mutex<State>,
    over: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    sequence: u64,
    rings: BTreeMap<String, Ring>,
    queues: Vec<Weak<Queue>>,
    told: BTreeMap<&'static str, u64>,
    dropped: u64,
    resyncs: u64,
    is_over: bool,
}

/// The newest events of one cluster.
#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    /// The newest event that is not there any more.
    forgotten: u64,
}

/// Counts since the start.
#[derive(Debug, Clone, Default)]
pub struct BusCounts {
    /// Who listens now.
    pub subscribers: usize,
    /// Events by type.
    pub told: BTreeMap<&'static str, u64>,
    /// Events that a queue had no room for.
    pub dropped: u64,
    /// How often somebody was told to fetch anew.
    pub resyncs: u64,
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus {
    /// A bus with an epoch of its own: ids of another process are not taken for its own.
    pub fn new() -> Self {
        Self {
            epoch: format!("e{:x}", Timestamp::now().as_millisecond()),
            state: Mutex::default(),
            over: watch::Sender::new(false),
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells of events, in their order.
    pub fn tell(&self, drafts: impl IntoIterator<Item = Draft>) {
        self.with(|state| {
            for draft in drafts {
                state.sequence += 1;
                let event = Arc::new(Event::of(draft, &self.epoch, state.sequence));
                *state.told.entry(event.kind).or_default() += 1;
                let ring = state
                    .rings
                    .entry(event.cluster.clone().unwrap_or_default())
                    .or_default();
                ring.events.push_back(Arc::clone(&event));
                if ring.events.len() > RING
                    && let Some(old) = ring.events.pop_front()
                {
                    ring.forgotten = old.sequence;
                }
                let (mut dropped, mut resyncs) = (0, 0);
                state.queues.retain(|queue| {
                    let Some(queue) = queue.upgrade() else {
                        return false;
                    };
                    let lost = queue.push(&event);
                    dropped += lost;
                    resyncs += u64::from(lost > 0);
                    true
                });
                state.dropped += dropped;
                state.resyncs += resyncs;
            }
        });
    }

    /// Listens from now on; with the id of the last event that was heard, from there on.
    pub fn subscribe(&self, filter: Filter, last: Option<&str>) -> Subscription {
        self.with(|state| {
            let queue = Arc::new(Queue::new(filter));
            if let Some(last) = last {
                if let Some(events) = self.missed(state, &queue, last) {
                    queue.fill(events);
                } else {
                    state.resyncs += 1;
                    queue.resync(last, state.sequence, "the id is unknown or too old");
                }
            }
            if state.is_over {
                queue.close();
            } else {
                state.queues.push(Arc::downgrade(&queue));
            }
            Subscription::new(queue, self.epoch.clone())
        })
    }

    /// What was told after this id; none where that is not known any more.
    fn missed(&self, state: &State, queue: &Queue, last: &str) -> Option<Vec<Arc<Event>>> {
        let (epoch, sequence) = last.rsplit_once('-')?;
        let sequence: u64 = sequence.parse().ok()?;
        if epoch != self.epoch || sequence > state.sequence {
            return None;
        }
        let mut events = Vec::new();
        for (cluster, ring) in &state.rings {
            if !queue.wants_cluster(cluster) {
                continue;
            }
            if sequence < ring.forgotten {
                return None;
            }
            events.extend(
                ring.events
                    .iter()
                    .filter(|event| event.sequence > sequence)
                    .cloned(),
            );
        }
        events.sort_by_key(|event| event.sequence);
        Some(events)
    }

    /// Tells how a cluster stands.
    pub fn cluster_status(&self, item: &impl serde::Serialize) {
        let payload = serde_json::to_value(item).unwrap_or_default();
        let name = payload
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        self.tell([Draft::new("cluster_status", payload)
            .of_cluster(&name)
            .for_all()]);
    }

    /// Tells everybody that the server goes away, and ends every stream.
    pub fn shut_down(&self) {
        self.tell([Draft::new(
            "shutdown",
            json!({"reason": "the server is shutting down", "retryMs": 2000}),
        )
        .for_all()]);
        self.with(|state| {
            state.is_over = true;
            for queue in state.queues.iter().filter_map(Weak::upgrade) {
                queue.close();
            }
        });
        self.over.send_replace(true);
    }

    /// Done when the server goes away.
    pub async fn over(&self) {
        // The sender lives as long as this.
        let _ = self.over.subscribe().wait_for(|is_over| *is_over).await;
    }

    /// The counts.
    pub fn counts(&self) -> BusCounts {
        self.with(|state| BusCounts {
            subscribers: state
                .queues
                .iter()
                .filter(|queue| queue.strong_count() > 0)
                .count(),
            told: state.told.clone(),
            dropped: state.dropped,
            resyncs: state.resyncs,
        })
    }
}

/// Where a cluster's own events are told.
impl Cluster {
    /// A draft of an event of this cluster.
    pub fn draft(&self, kind: &'static str, payload: Value) -> Draft {
        Draft::new(kind, payload).of_cluster(&self.name)
    }
}

#[cfg(test)]
mod tests;
