//! Follows one list: a watch from where the list stood, again and again.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};

use super::event::{self, Event};
use super::keeper::Message;
use crate::snapshot::{Snapshot, SnapshotBuilder};
use crate::source::live::api::{Api, Failure, next_chunk};
use crate::source::live::decoder::Decoders;
use crate::source::live::list::{Asking, list};
use crate::source::live::read::{Stream, now};
use crate::source::{ReadRequest, Silent};

/// How long the server is asked to keep a watch open; then it is asked again.
const OPEN: Duration = Duration::from_mins(4);

/// How long a watch may say nothing: a little longer than it stays open.
const SILENCE: Duration = Duration::from_secs(270);

/// How long to wait after a failure: the first time, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Longest line of a watch.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Follows one list.
pub(super) struct Follower {
    pub(super) api: Api,
    pub(super) request: ReadRequest,
    pub(super) asking: Asking,
    /// Lets so many lists be read at a time.
    pub(super) lists: Arc<Semaphore>,
    pub(super) keeper: mpsc::Sender<Message>,
    pub(super) number: usize,
    pub(super) stream: Stream,
}

/// How a watch ended.
enum End {
    /// As was asked for.
    Closed,
    /// It goes on from too old a version: the list has to be read anew.
    Expired,
    /// The server will not let this be watched.
    Refused,
    /// It broke.
    Broken(String),
    /// Nobody listens any more.
    Deaf,
}

impl Follower {
    /// Follows until nobody listens any more.
    pub(super) async fn run(mut self) {
        let mut wait = FIRST_WAIT;
        loop {
            let begin = Instant::now();
            let end = match self.stream.version.clone() {
                Some(version) => self.watch(&version).await,
                // A list without a version leaves nothing to go on from.
                None => End::Refused,
            };
            let broken = match end {
                End::Deaf => return,
                End::Closed => {
                    // A server that closes what it has just opened is not asked at full speed.
                    if begin.elapsed() < FIRST_WAIT {
                        sleep(wait).await;
                        wait = (wait * 2).min(LONGEST_WAIT);
                    } else {
                        wait = FIRST_WAIT;
                    }
                    continue;
                }
                End::Refused => {
                    sleep(self.request.poll).await;
                    self.relist().await.err()
                }
                End::Expired => self.relist().await.err(),
                End::Broken(why) => Some(why),
            };
            match broken {
                None => wait = FIRST_WAIT,
                Some(why) => {
                    if !self.tell(Message::Trouble(self.number, why)).await {
                        return;
                    }
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    async fn tell(&self, message: Message) -> bool {
        self.keeper.send(message).await.is_ok()
    }

    async fn watch(&mut self, version: &str) -> End {
        let target = &self.stream.target;
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={version}",
            target.path(self.stream.namespace.as_deref()),
            OPEN.as_secs(),
        );
        let answer = self
            .api
            .get(&path, target.accept_event(), self.request.request_timeout)
            .await;
        let response = match answer {
            Ok(response) => response,
            Err(failure) => return ended(&failure),
        };
        if !self.tell(Message::Fine(self.number)).await {
            return End::Deaf;
        }
        let mut body = response.into_body();
        let mut rest: Vec<u8> = Vec::new();
        loop {
            let chunk = match next_chunk(&mut body, SILENCE).await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return End::Closed,
                // A connection that breaks is what ends many a watch: the next one says whether there is trouble.
                Err(Failure::Cut(_) | Failure::TimedOut) => return End::Closed,
                Err(failure) => return ended(&failure),
            };
            rest.extend_from_slice(&chunk);
            if rest.len() > LONGEST_LINE {
                return End::Broken("an object is too large".to_owned());
            }
            let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else {
                continue;
            };
            let after = rest.split_off(end + 1);
            let lines = std::mem::replace(&mut rest, after);
            for line in lines.split(|byte| *byte == b'\n') {
                if line.trim_ascii().is_empty() {
                    continue;
                }
                if let Some(end) = self.line(line).await {
                    return end;
                }
            }
        }
    }

    /// Takes one line; says whether the watch is over.
    async fn line(&mut self, line: &[u8]) -> Option<End> {
        let (is_news, version) = match event::read(line) {
            Err(error) => return Some(End::Broken(format!("the watch said no JSON: {error}"))),
            Ok((Event::Error(StatusCode::GONE, _), _)) => return Some(End::Expired),
            Ok((Event::Error(_, message), _)) => return Some(End::Broken(message)),
            Ok((event, version)) => (event != Event::Bookmark, version),
        };
        if let Some(version) = version {
            self.stream.version = Some(version);
        }
        let told = !is_news || self.tell(Message::Line(self.number, line.to_vec())).await;
        (!told).then_some(End::Deaf)
    }

    /// Reads the list anew.
    async fn relist(&mut self) -> Result<(), String> {
        let Ok(_turn) = self.lists.acquire().await else {
            return Ok(());
        };
        let target = &self.stream.target;
        let decoders = Decoders::start(&self.request);
        let Some(decoder) = decoders.list(0, target) else {
            return Err("no thread decodes".to_owned());
        };
        let namespace = self.stream.namespace.as_deref();
        // A cache may lag behind what the watch has said already.
        let asking = Asking {
            is_consistent: true,
            ..self.asking
        };
        let listed = list(&self.api, target, namespace, &decoder, asking, &Silent)
            .await
            .map_err(|failed| failed.failure.to_string())?;
        drop(decoder);
        let mut builder = SnapshotBuilder::default();
        decoders.pour_into(&mut builder).await;
        let list: Snapshot = builder.build_live(now());
        self.stream.version = listed.version;
        self.tell(Message::Relisted(self.number, Box::new(list)))
            .await;
        self.tell(Message::Fine(self.number)).await;
        Ok(())
    }
}

fn ended(failure: &Failure) -> End {
    match failure.status() {
        Some(StatusCode::GONE) => End::Expired,
        Some(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => {
            End::Refused
        }
        _ => End::Broken(failure.to_string()),
    }
}
