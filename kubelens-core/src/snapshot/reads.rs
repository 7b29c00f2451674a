//! What was asked of a picture, so that it is known which change makes for another answer.

use std::any::TypeId;
use std::hash::{BuildHasher as _, Hash};

use foldhash::fast::FixedState;
use jiff::Timestamp;

use crate::kubernetes::Kind;

/// A question to a picture. A change answers with all questions that it may have another answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question<'q> {
    /// All objects of a kind.
    Kind(Kind),
    /// The objects of a kind in one namespace.
    Namespace(Kind, &'q str),
    /// One object by namespace and name, be it there or not.
    Object(Kind, &'q str, &'q str),
    /// The namespaces that hold an object of a kind.
    Namespaces(Kind),
    /// The objects of a kind in one namespace that nothing controls.
    Uncontrolled(Kind, &'q str),
    /// The objects of a kind that are being deleted.
    Terminating(Kind),
    /// Events about any object of this namespace and name.
    Events(&'q str, &'q str),
    /// Events with this reason.
    Reason(&'q str),
    /// The objects of a kind that the object of this uid controls.
    Controlled(Kind, &'q str),
    /// All nodes, apart from when they were heard of last.
    Nodes,
    /// The pods on a node.
    OnNode(&'q str),
    /// The pods on a node, as far as they take room there.
    RoomOn(&'q str),
    /// The pods of a namespace that carry a label pair.
    Labelled(&'q str, &'q str, &'q str),
    /// The pods of which this is true.
    Pods(super::PodTrait),
    /// The EndpointSlices of a Service.
    Slices(&'q str, &'q str),
    /// The objects of a kind that has no type.
    Custom(&'q str),
    /// The objects of all kinds that have no type.
    AllCustom,
    /// The logs of a pod.
    Logs(&'q str, &'q str),
    /// All logs.
    AllLogs,
    /// The pods without a node of one owner.
    Unplaced(&'q str, &'q str),
    /// The controllers that have fewer pods than they want.
    Short,
    /// The workloads of all namespaces, as far as their selectors.
    Selectors,
    /// The Deployments of which the controller has not seen the newest generation.
    Unobserved,
    /// The events of which this is true.
    EventsThat(super::EventTrait),
    /// What was worked out for all, or about one thing.
    Once(TypeId, &'q str),
}

/// A question as a number. Two questions may share one: then a change asks for a look too many, never one too few.
pub(crate) type Key = u64;

impl Question<'_> {
    /// The question as a number.
    pub(crate) fn key(self) -> Key {
        FixedState::with_seed(0x6b75_6265).hash_one(self)
    }
}

/// All that was asked, and how long the answers hold while only the clock goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    keys: Vec<Key>,
    until: Until,
}

/// How long an answer holds while nothing changes but the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Until {
    /// No time was asked for.
    #[default]
    Ever,
    /// Up to and with this instant.
    Instant(Timestamp),
    /// The next instant may have another.
    Now,
}

impl Until {
    /// The earlier of two.
    pub(crate) fn earlier(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, _) | (_, Self::Now) => Self::Now,
            (Self::Ever, other) => other,
            (one, Self::Ever) => one,
            (Self::Instant(one), Self::Instant(other)) => Self::Instant(one.min(other)),
        }
    }
}

impl Reads {
    pub(super) fn note(&mut self, question: Question<'_>) {
        let key = question.key();
        // The same is often asked again at once.
        if !self.keys.iter().rev().take(8).any(|known| *known == key) {
            self.keys.push(key);
        }
    }

    pub(super) fn note_until(&mut self, until: Option<Timestamp>) {
        let until = until.map_or(Until::Now, Until::Instant);
        self.until = self.until.earlier(until);
    }

    /// Each question once, in no particular order.
    pub(crate) fn into_keys(mut self) -> Box<[Key]> {
        self.keys.sort_unstable();
        self.keys.dedup();
        self.keys.into_boxed_slice()
    }

    /// How long the answers hold.
    pub(crate) const fn until(&self) -> Until {
        self.until
    }
}
