//! Takes in what the watches bring, in one place, and hands out pictures.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use super::Watched;
use super::event::Event;
use crate::kubernetes::Interning;
use crate::snapshot::{Snapshot, Writer};
use crate::source::ReadRequest;
use crate::source::intake::{Intake, TypeMeta};
use crate::source::items::{Item, Syntax};
use crate::source::live::target::Target;

/// What the keeper is told, by the number of the stream that tells it.
#[derive(Debug)]
pub(super) enum Message {
    /// A line of a watch: an object, or that one is gone.
    Line(usize, Vec<u8>),
    /// A list was read anew.
    Relisted(usize, Box<Snapshot>),
    /// The stream is not being followed, and why.
    Trouble(usize, String),
    /// The stream is followed again.
    Fine(usize),
    /// Somebody wants to see the picture, as of this instant.
    Show(Timestamp, oneshot::Sender<Watched>),
}

pub(super) struct Keeper {
    writer: Writer,
    request: ReadRequest,
    targets: Vec<(Target, Option<String>)>,
    troubles: BTreeMap<usize, String>,
    changed: mpsc::Sender<()>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: Name,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
    namespace: String,
}

impl Keeper {
    pub(super) fn new(
        snapshot: &Snapshot,
        request: ReadRequest,
        targets: Vec<(Target, Option<String>)>,
        changed: mpsc::Sender<()>,
    ) -> Self {
        Self {
            writer: Writer::new(snapshot),
            request,
            targets,
            troubles: BTreeMap::new(),
            changed,
        }
    }

    /// Works until nobody tells it anything any more.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut sharing = Interning::begin();
        while let Some(message) = messages.blocking_recv() {
            let is_change = match message {
                Message::Line(number, line) => {
                    sharing.count_object();
                    self.take(number, &line)
                }
                Message::Relisted(number, list) => self.replace(number, &list),
                Message::Trouble(number, why) => self.troubles.insert(number, why).is_none(),
                Message::Fine(number) => self.troubles.remove(&number).is_some(),
                Message::Show(now, reply) => {
                    // Who asked may have gone away.
                    let _ = reply.send(self.current(now));
                    false
                }
            };
            if is_change {
                // That somebody was told already and has not looked yet is just as well.
                let _ = self.changed.try_send(());
            }
        }
    }

    fn take(&mut self, number: usize, line: &[u8]) -> bool {
        let Some((target, _)) = self.targets.get(number) else {
            return false;
        };
        match super::event::read(line) {
            Ok((Event::Put(object), _)) => {
                let mut intake = Intake::new(&self.request);
                let meta = TypeMeta {
                    api_version: &target.api_version,
                    kind: &target.name,
                };
                let item = Item {
                    bytes: object.as_bytes(),
                    syntax: Syntax::Json,
                    line: 1,
                    api_version: "",
                    kind: "",
                };
                intake.take(&target.plural, meta, item);
                intake.pour_into_writer(&mut self.writer);
                true
            }
            Ok((Event::Gone(object), _)) => {
                let Named { metadata } = serde_json::from_str(object).unwrap_or_default();
                match target.kind {
                    Some(kind) => self
                        .writer
                        .remove(kind, &metadata.namespace, &metadata.name),
                    None => {
                        self.writer
                            .remove_custom(&target.name, &metadata.namespace, &metadata.name)
                    }
                }
                true
            }
            _ => false,
        }
    }

    fn replace(&mut self, number: usize, list: &Snapshot) -> bool {
        let Some((target, namespace)) = self.targets.get(number) else {
            return false;
        };
        let namespace = namespace.as_deref();
        self.writer.close_gap(&target.gap_name(), namespace);
        match target.kind {
            Some(kind) => self.writer.replace(kind, namespace, list),
            None => self.writer.replace_custom(&target.name, namespace, list),
        }
        for (kind, namespace, gap) in list.gaps().iter() {
            self.writer
                .gap(kind, namespace, gap.state, gap.detail.clone());
        }
        true
    }

    fn current(&self, now: Timestamp) -> Watched {
        let mut troubles: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (number, why) in &self.troubles {
            if let Some((target, _)) = self.targets.get(*number) {
                troubles.entry(target.name.clone()).or_default().insert(why);
            }
        }
        Watched {
            snapshot: self.writer.snapshot(now),
            troubles: troubles
                .into_iter()
                .map(|(kind, why)| (kind, why.into_iter().collect::<Vec<_>>().join("; ")))
                .collect(),
        }
    }
}
