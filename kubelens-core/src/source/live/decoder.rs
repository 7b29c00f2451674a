//! Decodes lists on threads of their own, while their bytes arrive.
//!
//! Strings are shared per thread, so a list is decoded by one thread from its first byte to its last. The
//! channel is short: a server that is faster than the decoder waits, memory does not grow.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::target::Target;
use crate::kubernetes::Interning;
use crate::snapshot::SnapshotBuilder;
use crate::source::ReadRequest;
use crate::source::intake::{Intake, TypeMeta};
use crate::source::items::{Broken, Item, ItemSink, ListHead};
use crate::source::json_items::JsonItems;

/// How many portions of chunks may wait.
const WAITING: usize = 4;

/// How one page of a list ended.
#[derive(Debug, Clone, Default)]
pub(super) struct PageEnd {
    /// Where the next page begins; none after the last.
    pub(super) next: Option<String>,
    /// The version of the cluster that the list shows.
    pub(super) version: Option<String>,
    /// Objects of the list so far.
    pub(super) objects: usize,
    /// Why the page is no complete list.
    pub(super) error: Option<String>,
}

enum Message {
    /// A list begins, or begins again: what came of it before is dropped.
    Begin(usize, Target, Arc<AtomicUsize>),
    Chunks(usize, Vec<Bytes>),
    /// The page is over.
    End(usize, oneshot::Sender<PageEnd>),
}

/// Threads that decode.
#[derive(Debug)]
pub(super) struct Decoders {
    threads: Vec<mpsc::Sender<Message>>,
    handles: Vec<JoinHandle<Vec<Intake>>>,
}

impl Decoders {
    /// Starts threads, at most one a core.
    pub(super) fn start(request: &ReadRequest) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (threads, handles) = (0..cores.min(2))
            .map(|_| {
                let (sender, receiver) = mpsc::channel(WAITING);
                let request = request.clone();
                (
                    sender,
                    tokio::task::spawn_blocking(move || decode(&request, receiver)),
                )
            })
            .unzip();
        Self { threads, handles }
    }

    /// The decoder of one list.
    pub(super) fn list(&self, number: usize, target: &Target) -> Option<ListDecoder> {
        let thread = self.threads.get(number % self.threads.len().max(1))?;
        Some(ListDecoder {
            number,
            target: target.clone(),
            thread: thread.clone(),
            objects: Arc::default(),
        })
    }

    /// Waits for the threads and hands all objects over.
    pub(super) async fn pour_into(self, builder: &mut SnapshotBuilder) {
        drop(self.threads);
        for handle in self.handles {
            for intake in handle.await.unwrap_or_default() {
                intake.pour_into(builder);
            }
        }
    }
}

/// Sends the bytes of one list to its thread.
#[derive(Debug)]
pub(super) struct ListDecoder {
    number: usize,
    target: Target,
    thread: mpsc::Sender<Message>,
    objects: Arc<AtomicUsize>,
}

impl ListDecoder {
    /// Begins the list, or begins it again.
    pub(super) async fn begin(&self) {
        let objects = Arc::clone(&self.objects);
        self.send(Message::Begin(self.number, self.target.clone(), objects))
            .await;
    }

    /// How many objects were decoded so far.
    pub(super) fn objects(&self) -> usize {
        self.objects.load(Ordering::Relaxed)
    }

    /// Sends chunks, in their order.
    pub(super) async fn chunks(&self, chunks: Vec<Bytes>) {
        self.send(Message::Chunks(self.number, chunks)).await;
    }

    /// Ends the page, whole or not.
    pub(super) async fn end(&self) -> PageEnd {
        let (reply, answer) = oneshot::channel();
        self.send(Message::End(self.number, reply)).await;
        answer.await.unwrap_or_else(|_| PageEnd {
            error: Some("the decoder stopped".to_owned()),
            ..PageEnd::default()
        })
    }

    async fn send(&self, message: Message) {
        // A thread that is gone answers the end of the page with an error.
        let _ = self.thread.send(message).await;
    }
}

fn decode(request: &ReadRequest, mut messages: mpsc::Receiver<Message>) -> Vec<Intake> {
    let _scope = Interning::begin();
    let mut lists: HashMap<usize, ListState> = HashMap::new();
    while let Some(message) = messages.blocking_recv() {
        match message {
            Message::Begin(number, target, objects) => {
                lists.insert(number, ListState::new(request, target, objects));
            }
            Message::Chunks(number, chunks) => {
                if let Some(list) = lists.get_mut(&number) {
                    for bytes in &chunks {
                        list.feed(bytes);
                    }
                }
            }
            Message::End(number, reply) => {
                let end = lists
                    .get_mut(&number)
                    .map(ListState::end_page)
                    .unwrap_or_default();
                // Who asked may have given up at the deadline.
                let _ = reply.send(end);
            }
        }
    }
    let mut lists: Vec<_> = lists.into_iter().collect();
    lists.sort_by_key(|(number, _)| *number);
    lists
        .into_iter()
        .map(|(_, list)| list.sink.intake)
        .collect()
}

struct ListState {
    splitter: JsonItems,
    error: Option<String>,
    sink: ListSink,
    objects: Arc<AtomicUsize>,
}

struct ListSink {
    target: Target,
    intake: Intake,
    /// Objects beyond as many as are read.
    left_out: usize,
    /// What the page said at its end; none while it has not ended.
    head: Option<ListHead>,
}

impl ListState {
    fn new(request: &ReadRequest, target: Target, objects: Arc<AtomicUsize>) -> Self {
        let intake = Intake::new(request);
        Self {
            splitter: JsonItems::default(),
            error: None,
            sink: ListSink {
                target,
                intake,
                left_out: 0,
                head: None,
            },
            objects,
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        if self.error.is_none()
            && let Err(error) = self.splitter.feed(bytes, &mut self.sink)
        {
            self.error = Some(error.to_string());
        }
        self.objects.store(self.sink.objects(), Ordering::Relaxed);
    }

    fn end_page(&mut self) -> PageEnd {
        let finished = std::mem::take(&mut self.splitter).finish();
        let head = self.sink.head.take();
        let is_whole = finished.is_ok() && head.is_some();
        let error = self
            .error
            .take()
            .or_else(|| (!is_whole).then(|| "it ends in the middle of the list".to_owned()));
        let meta = head.map(|head| head.metadata).unwrap_or_default();
        PageEnd {
            next: meta.continue_.filter(|token| !token.is_empty()),
            version: meta.resource_version.filter(|version| !version.is_empty()),
            objects: self.sink.objects(),
            error,
        }
    }
}

impl ListSink {
    /// How many objects the list held so far.
    fn objects(&self) -> usize {
        self.intake.objects() + self.left_out
    }
}

impl ItemSink for ListSink {
    fn begin_list(&mut self, _head: &ListHead) {}

    fn item(&mut self, item: Item<'_>) {
        if item.kind.ends_with("List") {
            // `"items": null`, as old servers write an empty list.
            self.head = serde_json::from_slice(item.bytes).ok();
            return;
        }
        if self
            .target
            .most_objects()
            .is_some_and(|most| self.intake.objects() >= most)
        {
            self.left_out += 1;
            return;
        }
        let meta = TypeMeta {
            api_version: &self.target.api_version,
            kind: &self.target.name,
        };
        self.intake.take(&self.target.plural, meta, item);
    }

    fn end_list(&mut self, head: &ListHead) {
        self.head = Some(head.clone());
    }

    fn broken(&mut self, _broken: Broken<'_>) {}
}
