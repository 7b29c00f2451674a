//! A picture that goes on: one object comes, changes or goes.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::reads::{Key, Question};
use super::relations::{is_short_of, is_unobserved, owner_of, service_of};
use super::{ContainerLog, EventTrait, LogKey, PodTrait, Snapshot, Workload};
use crate::kubernetes::{
    AnyObject, CustomObject, GroupKind, Kind, LabelSelector, Node, ObjectMeta, Pod, Text,
};

/// What became of one object, as a watch tells it.
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "a change is handed over once and does not stay"
)]
pub enum Change {
    /// The object was added, or is now like this.
    Stored(AnyObject),
    /// The object of a typed kind is gone; the namespace is empty for what is cluster-scoped.
    Removed {
        /// Its kind.
        kind: Kind,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// An object of a kind without a type was added, or is now like this.
    CustomStored(CustomObject),
    /// An object of a kind without a type is gone.
    CustomRemoved {
        /// Its kind.
        kind: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A container's log was read.
    Log(LogKey, ContainerLog),
    /// A container's log is not to be had any more.
    LogGone(LogKey),
}

/// A kind as objects with every field are known by.
fn whole_kind(kind: Kind) -> GroupKind {
    GroupKind::of(kind.api_version(), kind.as_str())
}

/// The questions that have another answer now.
pub(crate) type Changed = HashSet<Key, RandomState>;

impl Snapshot {
    /// Moves the picture's instant.
    pub(crate) const fn set_taken_at(&mut self, now: Timestamp) {
        self.taken_at = Some(now);
    }

    /// Applies one change, and adds the questions that may have another answer by it.
    pub(crate) fn apply(&mut self, change: Change, changed: &mut Changed) {
        match change {
            Change::Stored(object) => self.store(object, changed),
            Change::Removed {
                kind,
                namespace,
                name,
            } => {
                if let Some(gone) = self.tables.take(kind, &namespace, &name) {
                    self.relate(Some(&gone), None, changed);
                    self.whole.remove(&whole_kind(kind), &namespace, &name);
                }
            }
            Change::CustomStored(object) => self.store_custom(object, changed),
            Change::CustomRemoved {
                kind,
                namespace,
                name,
            } => {
                for kind in self.whole.kinds_named(&kind) {
                    self.whole.remove(&kind, &namespace, &name);
                }
                if let Some(all) = self.custom.get_mut(&kind) {
                    all.retain(|known| {
                        known.metadata.namespace != *namespace || known.metadata.name != *name
                    });
                    if all.is_empty() {
                        self.custom.remove(&kind);
                    }
                    note(changed, Question::Custom(&kind));
                    note(changed, Question::AllCustom);
                }
            }
            Change::Log(key, log) => {
                note_log(changed, &key);
                self.logs.insert(key, log);
            }
            Change::LogGone(key) => {
                note_log(changed, &key);
                self.logs.remove(&key);
            }
        }
    }

    fn store(&mut self, mut object: AnyObject, changed: &mut Changed) {
        let meta = object.metadata();
        let known = self.tables.any(object.kind(), &meta.namespace, &meta.name);
        let (meta_namespace, meta_name) = (meta.namespace.clone(), meta.name.clone());
        // A watch that begins anew tells everything again.
        if let Some(known) = &known
            && known.is_same_but_version(&mut object)
        {
            return;
        }
        self.share(&mut object, known.as_ref());
        drop(known);
        self.whole
            .outdate(&whole_kind(object.kind()), &meta_namespace, &meta_name);
        let before = self.tables.put(object.clone());
        self.relate(before.as_ref(), Some(&object), changed);
    }

    /// Takes over what is the same as before, so that a picture that goes on for hours keeps its size: a pod's spec
    /// is that of its template, and metadata seldom changes.
    fn share(&self, object: &mut AnyObject, known: Option<&AnyObject>) {
        if let (Some(known), Some(meta)) = (known, object.metadata_mut()) {
            share_metadata(meta, known.metadata());
        }
        let AnyObject::Pod(pod) = object else { return };
        let sibling = || {
            let owner = pod.metadata.controller()?;
            self.relations.get()?.owners.pods(&owner.uid).first()
        };
        let alike = match known {
            Some(AnyObject::Pod(known)) if known.spec == pod.spec => Some(Arc::clone(&known.spec)),
            _ => sibling()
                .filter(|sibling| sibling.spec == pod.spec)
                .map(|sibling| Arc::clone(&sibling.spec)),
        };
        if let (Some(spec), Some(pod)) = (alike, Arc::get_mut(pod)) {
            pod.spec = spec;
        }
    }

    fn store_custom(&mut self, object: CustomObject, changed: &mut Changed) {
        let kind = object.kind.to_string();
        let meta = &object.metadata;
        self.whole.outdate(
            &GroupKind::of(&object.api_version, &kind),
            &meta.namespace,
            &meta.name,
        );
        note(changed, Question::Custom(&kind));
        note(changed, Question::AllCustom);
        let all = self.custom.entry(kind).or_default();
        let place = all.binary_search_by(|known| {
            let (known, meta) = (&known.metadata, &object.metadata);
            (&known.namespace, &known.name).cmp(&(&meta.namespace, &meta.name))
        });
        match place {
            Ok(at) => {
                if let Some(known) = all.get_mut(at) {
                    *known = Arc::new(object);
                }
            }
            Err(at) => all.insert(at, Arc::new(object)),
        }
    }

    /// Brings relations up to date and says which questions have another answer.
    fn relate(
        &mut self,
        before: Option<&AnyObject>,
        after: Option<&AnyObject>,
        changed: &mut Changed,
    ) {
        let tables = &self.tables;
        match Arc::get_mut(&mut self.relations).and_then(OnceLock::get_mut) {
            Some(relations) => {
                if let Some(before) = before {
                    relations.take(before, tables);
                }
                if let Some(after) = after {
                    relations.put(after);
                }
            }
            // Somebody else looks at them, or nobody asked yet: they are worked out when asked for.
            None => self.relations = Arc::default(),
        }
        for object in before.into_iter().chain(after) {
            note_object(changed, object);
        }
        let Some(object) = after.or(before) else {
            return;
        };
        if before.is_none() || after.is_none() {
            let (kind, namespace) = (object.kind(), &object.metadata().namespace);
            let is_new = after.is_some();
            let others = self.tables.count_in(kind, namespace);
            if Workload::KINDS.contains(&kind) && others == usize::from(is_new) {
                note(changed, Question::Namespaces(kind));
            }
        }
        if let (Some(AnyObject::Node(before)), Some(AnyObject::Node(after))) = (before, after)
            && is_same_but_heartbeats(before, after)
        {
            return;
        }
        if object.kind() == Kind::Node {
            note(changed, Question::Nodes);
        }
        if selects(before) != selects(after) {
            note(changed, Question::Selectors);
        }
        if let (Some(AnyObject::Pod(before)), Some(AnyObject::Pod(after))) = (before, after)
            && takes_same_room(before, after)
        {
            return;
        }
        for object in before.into_iter().chain(after) {
            if let AnyObject::Pod(pod) = object {
                note(changed, Question::RoomOn(&pod.node_name));
            }
        }
    }
}

fn note(changed: &mut Changed, question: Question<'_>) {
    changed.insert(question.key());
}

fn note_log(changed: &mut Changed, key: &LogKey) {
    note(changed, Question::Logs(&key.namespace, &key.pod));
    note(changed, Question::AllLogs);
}

/// Whether a node tells nothing new but that it lives.
fn is_same_but_heartbeats(before: &Node, after: &Node) -> bool {
    let timeless = |node: &Node| {
        let mut node = node.clone();
        node.metadata.resource_version = None;
        node.metadata.last_write = None;
        for condition in node.status.conditions.iter_mut() {
            condition.last_heartbeat_time = None;
        }
        node
    };
    timeless(before) == timeless(after)
}

/// Whether a pod takes the room on its node that it took before.
fn takes_same_room(before: &Pod, after: &Pod) -> bool {
    before.node_name == after.node_name
        && before.is_finished() == after.is_finished()
        && before.spec == after.spec
}

/// What a workload selects, where nothing controls it and it does not go, and what comes first of those that select
/// the same.
fn selects(object: Option<&AnyObject>) -> Option<(&LabelSelector, &Text, Option<Timestamp>)> {
    let object = object?;
    let selector = match object {
        AnyObject::Deployment(object) => &object.spec.selector,
        AnyObject::StatefulSet(object) => &object.spec.selector,
        AnyObject::DaemonSet(object) => &object.spec.selector,
        AnyObject::ReplicaSet(object) => &object.spec.selector,
        _ => return None,
    };
    let meta = object.metadata();
    let is_one = meta.controller().is_none() && !meta.is_terminating();
    is_one.then_some((selector, &meta.uid, meta.creation_timestamp))
}

/// The questions that an object, as it was or as it is, is part of the answer to.
fn note_object(changed: &mut Changed, object: &AnyObject) {
    let kind = object.kind();
    let meta = object.metadata();
    note(changed, Question::Kind(kind));
    note(changed, Question::Namespace(kind, &meta.namespace));
    note(changed, Question::Object(kind, &meta.namespace, &meta.name));
    if meta.is_terminating() {
        note(changed, Question::Terminating(kind));
    }
    if let Some(owner) = meta.controller() {
        note(changed, Question::Controlled(kind, &owner.uid));
    }
    if meta.workload_controller().is_none() {
        note(changed, Question::Uncontrolled(kind, &meta.namespace));
    }
    if is_short_of(object) {
        note(changed, Question::Short);
    }
    match object {
        AnyObject::Pod(pod) => {
            note(changed, Question::OnNode(&pod.node_name));
            if !pod.is_scheduled() {
                note(changed, Question::Unplaced(&meta.namespace, owner_of(pod)));
            }
            for (key, value) in meta.labels.iter() {
                note(changed, Question::Labelled(&meta.namespace, key, value));
            }
            for one in PodTrait::all_of(pod) {
                note(changed, Question::Pods(one));
            }
        }
        AnyObject::Event(event) => {
            let about = &event.involved_object;
            note(changed, Question::Events(&about.namespace, &about.name));
            note(changed, Question::Reason(&event.reason));
            for one in EventTrait::all_of(event) {
                note(changed, Question::EventsThat(one));
            }
        }
        AnyObject::Deployment(deployment) if is_unobserved(deployment) => {
            note(changed, Question::Unobserved);
        }
        AnyObject::EndpointSlice(slice) => {
            if let Some(service) = service_of(slice) {
                note(changed, Question::Slices(&meta.namespace, service));
            }
        }
        _ => {}
    }
}

/// Takes over the texts that are the same as before.
fn share_metadata(meta: &mut ObjectMeta, known: &ObjectMeta) {
    macro_rules! take_over {
        ($($field:ident)*) => {
            $(if meta.$field == known.$field { meta.$field = known.$field.clone(); })*
        };
    }
    take_over!(name namespace uid labels annotations owner_references finalizers generate_name);
}
