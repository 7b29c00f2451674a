//! What goes on for longer than a request, to look at and to cancel.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use crate::api::error::{ApiError, Code};
use crate::api::text::instant;
use crate::bus::{Bus, Draft};

/// How many are remembered.
const MOST: usize = 200;

/// Something that goes on, or has ended.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// `node.drain`.
    pub kind: String,
    /// The cluster.
    pub cluster: String,
    /// The object.
    pub target: String,
    /// `running`, `succeeded`, `failed` or `cancelled`.
    pub state: String,
    /// When it began.
    pub started_at: String,
    /// When it last went on.
    pub updated_at: String,
    /// Who began it.
    pub by: String,
    /// How far it is.
    pub progress: OperationProgress,
    /// What was done.
    pub steps: Vec<OperationStep>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How far something is.
#[derive(Debug, Clone, Copy, Default, Serialize, utoipa::ToSchema)]
pub struct OperationProgress {
    /// Of these, so many are done.
    pub done: usize,
    /// All.
    pub total: usize,
}

/// One step.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct OperationStep {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
    /// Whether it went well.
    pub ok: bool,
}

/// All operations.
#[derive(Debug)]
pub struct Operations {
    all: Mutex<VecDeque<Arc<Running>>>,
    count: AtomicU64,
    bus: Arc<Bus>,
}

/// One operation while it is watched over.
#[derive(Debug)]
pub struct Running {
    state: Mutex<Operation>,
    cancelled: watch::Sender<bool>,
    ended: watch::Sender<bool>,
    bus: Arc<Bus>,
}

impl Operations {
    /// No operations yet; what they do is told on the bus.
    pub fn new(bus: Arc<Bus>) -> Self {
        Self {
            all: Mutex::default(),
            count: AtomicU64::new(0),
            bus,
        }
    }

    /// Begins one.
    pub fn begin(
        &self,
        kind: &str,
        cluster: &str,
        target: &str,
        by: &str,
        total: usize,
    ) -> Arc<Running> {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let now = instant(Timestamp::now());
        let running = Arc::new(Running {
            state: Mutex::new(Operation {
                id: format!("op-{number}"),
                kind: kind.to_owned(),
                cluster: cluster.to_owned(),
                target: target.to_owned(),
                state: "running".to_owned(),
                started_at: now.clone(),
                updated_at: now,
                by: by.to_owned(),
                progress: OperationProgress { done: 0, total },
                steps: Vec::new(),
                error: None,
            }),
            cancelled: watch::Sender::new(false),
            ended: watch::Sender::new(false),
            bus: Arc::clone(&self.bus),
        });
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_front(Arc::clone(&running));
        if all.len() > MOST
            && let Some(at) = all.iter().rposition(|one| one.is_over())
        {
            all.remove(at);
        }
        running
    }

    /// All of them, newest first; with a name, those that this person began.
    pub fn list(&self, by: Option<&str>) -> Vec<Operation> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.iter().map(|one| one.seen());
        seen.filter(|one| by.is_none_or(|by| one.by == by))
            .collect()
    }

    /// The one of this id; with a name, if this person began it.
    pub fn find(&self, id: &str, by: Option<&str>) -> Result<Arc<Running>, ApiError> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |one: &Operation| one.id == id && by.is_none_or(|by| one.by == by);
        let found = all.iter().find(|one| is_it(&one.seen()));
        found
            .cloned()
            .ok_or_else(|| ApiError::not_found(format!("no operation {id:?}")))
    }
}

impl Running {
    fn with<T>(&self, use_it: impl FnOnce(&mut Operation) -> T) -> T {
        let (result, now) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let result = use_it(&mut state);
            state.updated_at = instant(Timestamp::now());
            (result, state.clone())
        };
        let payload = serde_json::json!({"id": now.id, "kind": now.kind, "target": now.target, "state": now.state,
            "progress": now.progress});
        self.bus.tell([Draft::new("operation_update", payload)
            .of_cluster(&now.cluster)
            .about("", &now.id)
            .by(&now.by)]);
        result
    }

    /// As it stands.
    pub fn seen(&self) -> Operation {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        *self.ended.borrow()
    }

    /// Whether somebody wants it to end.
    pub fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }

    /// Notes a step.
    pub fn step(&self, text: impl Into<String>, ok: bool) {
        let step = OperationStep {
            at: instant(Timestamp::now()),
            text: text.into(),
            ok,
        };
        self.with(|state| state.steps.push(step));
    }

    /// Notes how many are done.
    pub fn done(&self, count: usize) {
        self.with(|state| state.progress.done = count);
    }

    /// It has ended: well, by somebody's wish, or with an error.
    pub fn end(&self, outcome: Result<(), String>) {
        self.with(|state| match outcome {
            Ok(()) => "succeeded".clone_into(&mut state.state),
            Err(why) => {
                let word = if self.is_cancelled() {
                    "cancelled"
                } else {
                    "failed"
                };
                word.clone_into(&mut state.state);
                state.error = Some(why);
            }
        });
        self.ended.send_replace(true);
    }

    /// Waits until it ends.
    pub async fn ended(&self) {
        // The sender lives as long as this.
        let _ = self.ended.subscribe().wait_for(|is_over| *is_over).await;
    }

    /// Asks it to end.
    pub fn cancel(&self) -> Result<Operation, ApiError> {
        if self.is_over() {
            return Err(ApiError::new(
                Code::WrongState,
                "the operation has ended already",
            ));
        }
        self.cancelled.send_replace(true);
        Ok(self.seen())
    }
}
