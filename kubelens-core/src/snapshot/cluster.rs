use std::cell::{Cell, RefCell};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::names::{deployment_of, is_near};
use super::reads::{Question, Reads};
use super::{Age, ContainerLog, EventTrait, Gap, LogKey, Logs, PodTrait, Snapshot, Workload};
use crate::kubernetes::{
    CustomObject, Deployment, EndpointSlice, Event, Job, Kind, KindSet, LabelSelector, Labels,
    Node, Object, ObjectMeta, Pod, PodMetrics, ReplicaSet, Service, Text,
};
use crate::model::{CoverageState, ObjectRef};

/// How an analyzer sees the picture: every question notes the kind that it reads.
#[derive(Debug)]
pub struct Cluster<'a> {
    pub(super) snapshot: &'a Snapshot,
    touched: Cell<KindSet>,
    reads: Option<RefCell<Reads>>,
}

/// The answer to "is there an object of this name?".
#[derive(Debug, Clone, Copy)]
pub enum Lookup<'a, T> {
    /// It is there.
    Found(&'a T),
    /// The list of its kind is complete, and it is not in it.
    Absent,
    /// Its kind could not be read in full: nothing can be said.
    Unknown(&'a Gap),
}

impl<'a, T> Lookup<'a, T> {
    /// The object, if it is there.
    pub const fn found(self) -> Option<&'a T> {
        match self {
            Self::Found(object) => Some(object),
            _ => None,
        }
    }

    /// Whether it is proven not to be there.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'a> Cluster<'a> {
    /// A fresh view of the picture.
    pub const fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            touched: Cell::new(KindSet::EMPTY),
            reads: None,
        }
    }

    /// A fresh view that writes down every question, so that it is known which change makes for another answer.
    pub(crate) fn recording(snapshot: &'a Snapshot) -> Self {
        Self {
            reads: Some(RefCell::default()),
            ..Self::new(snapshot)
        }
    }

    /// Another fresh view of the same picture, which records if this one does.
    pub(super) fn alike(&self) -> Self {
        Self {
            reads: self.reads.as_ref().map(|_| RefCell::default()),
            ..Self::new(self.snapshot)
        }
    }

    /// What was asked; nothing if it was not recorded.
    pub(crate) fn into_reads(self) -> Reads {
        self.reads.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Writes a question down.
    pub(crate) fn note(&self, question: Question<'_>) {
        if let Some(reads) = &self.reads {
            reads.borrow_mut().note(question);
        }
    }

    /// Writes down that the answer holds until then, by the clock; always a new one where there is no such time.
    pub(super) fn note_until(&self, until: Option<Timestamp>) {
        if let Some(reads) = &self.reads {
            reads.borrow_mut().note_until(until);
        }
    }

    /// The kinds that were asked about so far.
    pub const fn touched(&self) -> KindSet {
        self.touched.get()
    }

    /// The picture itself, unnoted: for what is no kind (version, scope).
    pub const fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The cluster as an object, for what no Kubernetes object is to blame for.
    pub fn reference(&self) -> ObjectRef {
        let name = self.snapshot.info.name.as_str();
        ObjectRef::pseudo("Cluster", if name.is_empty() { "cluster" } else { name })
    }

    pub(super) fn touch(&self, kind: Kind) {
        self.touched.set(self.touched.get().with(kind));
    }

    pub(super) fn touch_all(&self, kinds: KindSet) {
        self.touched.set(self.touched.get().union(kinds));
    }

    // ---- time -------------------------------------------------------------------------------

    /// The instant of the picture.
    pub fn now(&self) -> Timestamp {
        self.note_until(None);
        self.instant()
    }

    pub(super) fn instant(&self) -> Timestamp {
        self.snapshot.taken_at.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Seconds from `then` to the picture's instant, at least 0; 0 where `then` is not known. What is only rehearsed
    /// is as old as anything asks for.
    pub const fn seconds_since(&self, then: Option<Timestamp>) -> Age<'_, 'a> {
        Age {
            cluster: self,
            then,
        }
    }

    /// How old the object is, in seconds.
    pub const fn age(&self, meta: &ObjectMeta) -> Age<'_, 'a> {
        self.seconds_since(meta.creation_timestamp)
    }

    /// Whether `then` is at least so many seconds ago, as [`Self::seconds_since`] counts them.
    pub fn has_lasted(&self, then: Option<Timestamp>, seconds: i64) -> bool {
        self.seconds_since(then) >= seconds
    }

    /// Whether `then` lies within the last `seconds`.
    pub fn is_within(&self, then: Option<Timestamp>, seconds: i64) -> bool {
        let Some(then) = then else { return false };
        let span = SignedDuration::from_secs(seconds);
        let is_within = self.instant().duration_since(then) <= span;
        if is_within {
            self.note_until(then.checked_add(span).ok());
        }
        is_within
    }

    /// Whether this instant has come; without an instant of the picture none has.
    pub fn has_come(&self, then: Timestamp) -> bool {
        let Some(now) = self.snapshot.taken_at else {
            return false;
        };
        let has_come = then <= now;
        if !has_come {
            self.note_until(then.checked_sub(SignedDuration::from_nanos(1)).ok());
        }
        has_come
    }

    // ---- objects ----------------------------------------------------------------------------

    /// All objects of a kind, by namespace and name.
    pub fn all<T: Object>(&self) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.touch(T::KIND);
        self.note(Question::Kind(T::KIND));
        self.snapshot.table::<T>().iter().map(|object| &**object)
    }

    /// All nodes, for who does not ask when they were heard of last: that changes all the time.
    pub fn nodes_but_heartbeats(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        self.touch(Kind::Node);
        self.note(Question::Nodes);
        self.snapshot.table::<Node>().iter().map(|node| &**node)
    }

    /// The same, to keep them beyond the picture's life.
    pub fn all_shared<T: Object>(&self) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        self.touch(T::KIND);
        self.note(Question::Kind(T::KIND));
        self.snapshot.table::<T>().iter()
    }

    /// The objects of a kind in one namespace, by name.
    pub fn in_namespace<T: Object>(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.touch(T::KIND);
        self.note(Question::Namespace(T::KIND, namespace));
        self.snapshot
            .table::<T>()
            .in_namespace(namespace)
            .map(|object| &**object)
    }

    /// An object by name; the namespace is empty for what is cluster-scoped.
    pub fn get<T: Object>(&self, namespace: &str, name: &str) -> Option<&'a T> {
        self.touch(T::KIND);
        self.note(Question::Object(T::KIND, namespace, name));
        self.snapshot
            .table::<T>()
            .get(namespace, name)
            .map(|object| &**object)
    }

    /// Whether an object is there, is not there, or cannot be known.
    pub fn look_up<T: Object>(&self, namespace: &str, name: &str) -> Lookup<'a, T> {
        match self.get::<T>(namespace, name) {
            Some(object) => Lookup::Found(object),
            None => self
                .gap(T::KIND, namespace)
                .map_or(Lookup::Absent, Lookup::Unknown),
        }
    }

    /// Why the kind is not known in full in this namespace, if so.
    pub fn gap(&self, kind: Kind, namespace: &str) -> Option<&'a Gap> {
        self.touch(kind);
        let scope = &self.snapshot.scope.namespaces;
        if kind.is_namespaced()
            && !scope.is_empty()
            && !scope.iter().any(|known| known == namespace)
        {
            return Some(&OUTSIDE_SCOPE);
        }
        self.snapshot.gaps.find(kind, namespace)
    }

    /// Whether objects of the kind may be there that the reader was not shown: a list was refused, failed or cut off.
    /// A kind that is not served, or of which a recording never held any, hides nothing.
    pub fn is_hidden(&self, kind: Kind, namespace: &str) -> bool {
        let state = self.gap(kind, namespace).map(|gap| gap.state);
        state.is_some_and(|state| state != CoverageState::Absent)
    }

    /// Whether that is so in any namespace.
    pub fn is_hidden_anywhere(&self, kind: Kind) -> bool {
        self.touch(kind);
        let mut gaps = self.snapshot.gaps.iter();
        let is_narrowed = kind.is_namespaced() && !self.snapshot.scope.namespaces.is_empty();
        is_narrowed
            || gaps
                .any(|(known, _, gap)| known == kind.as_str() && gap.state != CoverageState::Absent)
    }

    /// Whether workloads may be in the namespace that the reader was not shown: then nobody can say that no pod
    /// template has certain labels.
    pub fn hides_workloads(&self, namespace: &str) -> bool {
        let mut kinds = Workload::KINDS.into_iter();
        kinds.any(|kind| self.is_hidden(kind, namespace))
    }

    /// Whether the kind is known in full in this namespace.
    pub fn is_complete(&self, kind: Kind, namespace: &str) -> bool {
        self.gap(kind, namespace).is_none()
    }

    /// Objects of a kind that has no type here.
    pub fn custom(&self, kind: &str) -> &'a [Arc<CustomObject>] {
        self.note(Question::Custom(kind));
        self.snapshot.custom.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The objects of every kind that has no type here, by kind.
    pub fn all_custom(&self) -> impl Iterator<Item = &'a Arc<CustomObject>> + use<'a> {
        self.note(Question::AllCustom);
        self.snapshot.custom.values().flatten()
    }

    /// The metadata of the objects of a kind that are being deleted, by namespace and name.
    pub fn terminating(&self, kind: Kind) -> Vec<&'a ObjectMeta> {
        self.touch(kind);
        self.note(Question::Terminating(kind));
        let mut all = self.snapshot.tables.all_metadata(kind);
        all.retain(|meta| meta.is_terminating());
        all
    }

    /// The metadata of the object that a reference names, where its kind has a type here. Asking makes the
    /// kind none that has to be read: what is not there is not said to be absent.
    pub fn metadata_of(&self, reference: &ObjectRef) -> Option<&'a ObjectMeta> {
        let kind = Kind::from_manifest(&reference.api_version, &reference.kind)?;
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        self.note(Question::Object(kind, namespace, &reference.name));
        self.snapshot
            .tables
            .metadata(kind, namespace, &reference.name)
    }

    /// Whether a namespace holds an object of a kind; the kind is none that has to be read.
    pub fn has_in_namespace(&self, kind: Kind, namespace: &str) -> bool {
        self.note(Question::Namespaces(kind));
        self.snapshot.tables.has_in_namespace(kind, namespace)
    }

    /// The metadata of every object of a kind; the kind is none that has to be read.
    pub fn all_metadata(&self, kind: Kind) -> Vec<&'a ObjectMeta> {
        self.note(Question::Kind(kind));
        self.snapshot.tables.all_metadata(kind)
    }

    /// Names of a kind in a namespace that come nearest to a name, best first, three at most.
    pub fn near_names<T: Object>(&self, namespace: &str, name: &str) -> Vec<&'a str> {
        let mut scored: Vec<(f64, &str)> = self
            .in_namespace::<T>(namespace)
            .map(|object| object.metadata().name.as_str())
            .map(|known| (strsim::jaro_winkler(known, name), known))
            .filter(|(score, known)| *score >= 0.75 && *known != name && is_near(known, name))
            .collect();
        scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
        scored.into_iter().take(3).map(|(_, known)| known).collect()
    }

    // ---- events and logs --------------------------------------------------------------------

    /// The events about an object, oldest first.
    pub fn events_of<T: Object>(
        &self,
        object: &'a T,
    ) -> impl DoubleEndedIterator<Item = &'a Event> + use<'a, T> {
        let meta = object.metadata();
        self.events_about(T::KIND.as_str(), &meta.namespace, &meta.name, &meta.uid)
    }

    /// The events about a named object, oldest first; with an empty uid, of any object of that name.
    pub fn events_about(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        uid: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Event> + use<'a> {
        self.touch(Kind::Event);
        self.note(Question::Events(namespace, name));
        self.snapshot
            .relations()
            .events
            .about(kind, namespace, name, uid)
    }

    /// The events with this reason about any object, by namespace and name.
    pub fn events_with_reason(&self, reason: &'a str) -> impl Iterator<Item = &'a Event> + use<'a> {
        self.touch(Kind::Event);
        self.note(Question::Reason(reason));
        let all = self.snapshot.table::<Event>().iter();
        all.map(|event| &**event)
            .filter(move |event| event.reason == reason)
    }

    /// The events of which this is true, by namespace and name.
    pub fn events_that(&self, one: EventTrait) -> impl Iterator<Item = &'a Event> + use<'a> {
        self.touch(Kind::Event);
        self.note(Question::EventsThat(one));
        let events = self.snapshot.relations().events_by_trait.that(one);
        events.iter().map(|event| &**event)
    }

    /// The workloads with a selector of the whole picture that nothing controls and that do not go, for who asks
    /// no more of them than their selectors, names and times of creation.
    pub fn selecting_workloads(&self) -> Vec<Workload<'a>> {
        let kinds = [
            Kind::Deployment,
            Kind::StatefulSet,
            Kind::DaemonSet,
            Kind::ReplicaSet,
        ];
        for kind in kinds {
            self.touch(kind);
        }
        self.note(Question::Selectors);
        let tables = &self.snapshot.tables;
        let deployments = tables.deployments.iter();
        let stateful_sets = tables.stateful_sets.iter();
        let daemon_sets = tables.daemon_sets.iter();
        let replica_sets = tables.replica_sets.iter();
        let mut all: Vec<Workload<'a>> = deployments
            .map(|object| Workload::Deployment(object))
            .chain(stateful_sets.map(|object| Workload::StatefulSet(object)))
            .chain(daemon_sets.map(|object| Workload::DaemonSet(object)))
            .chain(replica_sets.map(|object| Workload::ReplicaSet(object)))
            .collect();
        all.retain(|workload| {
            let meta = workload.metadata();
            meta.controller().is_none() && !meta.is_terminating()
        });
        all
    }

    /// The log of a container's run, if it was fetched.
    pub fn log(&self, pod: &Pod, container: &str, previous: bool) -> Option<&'a ContainerLog> {
        self.note(Question::Logs(&pod.metadata.namespace, &pod.metadata.name));
        self.snapshot.logs.get(&LogKey {
            namespace: pod.metadata.namespace.to_string(),
            pod: pod.metadata.name.to_string(),
            container: container.to_owned(),
            previous,
        })
    }

    /// What a pod used lately, to show beside other proof: no kind that an analyzer reads, for what is
    /// proven does not wait for it.
    pub fn sample_of(&self, pod: &Pod) -> Option<&'a PodMetrics> {
        let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
        self.note(Question::Object(Kind::PodMetrics, namespace, name));
        let sample = self.snapshot.table::<PodMetrics>().get(namespace, name);
        sample.map(|sample| &**sample)
    }

    /// All logs that were fetched.
    pub fn logs(&self) -> &'a Logs {
        self.note(Question::AllLogs);
        &self.snapshot.logs
    }

    // ---- relations --------------------------------------------------------------------------

    /// What a person edits to change a pod: its topmost controller, or itself.
    pub fn top_of(&self, pod: &Pod) -> ObjectRef {
        let own = pod.reference();
        if pod.is_static() {
            return own;
        }
        self.top_owner(own, &pod.metadata)
    }

    /// The topmost controller of an object, or itself. An owner that cannot be read is named by the
    /// reference to it, so no kind has to be read in full for the answer.
    pub fn top_owner(&self, own: ObjectRef, meta: &ObjectMeta) -> ObjectRef {
        let mut reference = own;
        let mut current = Some(meta);
        // Owner references cannot form a cycle through controllers that exist; hostile ones may.
        for _ in 0..8 {
            let Some(owner) = current.and_then(ObjectMeta::controller) else {
                break;
            };
            if owner.kind == "Node" {
                break;
            }
            let namespace = reference.namespace.clone().unwrap_or_default();
            let kind = Kind::from_manifest(&owner.api_version, &owner.kind);
            let below = current;
            // An owner of a kind without a type may be one of the cluster as a whole: those come first.
            let is_of_the_cluster = kind.is_none()
                && self
                    .custom(&owner.kind)
                    .iter()
                    .take_while(|known| known.metadata.namespace.is_empty())
                    .any(|known| known.metadata.uid == owner.uid);
            let namespace = if is_of_the_cluster {
                String::new()
            } else {
                namespace
            };
            current = kind.and_then(|kind| {
                self.note(Question::Object(kind, &namespace, &owner.name));
                let found = self
                    .snapshot
                    .tables
                    .metadata(kind, &namespace, &owner.name)?;
                (found.uid == owner.uid || owner.uid.is_empty()).then_some(found)
            });
            reference = ObjectRef {
                uid: owner.uid.non_empty().map(str::to_owned),
                ..ObjectRef::namespaced(&owner.api_version, &owner.kind, &namespace, &owner.name)
            };
            if current.is_none()
                && kind == Some(Kind::ReplicaSet)
                && self
                    .snapshot
                    .gaps
                    .find(Kind::ReplicaSet, &namespace)
                    .is_some()
                && let Some(deployment) = below.and_then(|pod| deployment_of(pod, owner))
            {
                self.note(Question::Object(Kind::Deployment, &namespace, deployment));
                let uid = self
                    .snapshot
                    .tables
                    .metadata(Kind::Deployment, &namespace, deployment)
                    .and_then(|found| found.uid.non_empty().map(str::to_owned));
                reference = ObjectRef {
                    uid,
                    ..ObjectRef::namespaced("apps/v1", "Deployment", &namespace, deployment)
                };
            }
        }
        reference
    }

    /// The pods that an object controls itself.
    pub fn controlled_pods(&self, meta: &ObjectMeta) -> impl Iterator<Item = &'a Pod> + use<'a> {
        self.touch(Kind::Pod);
        self.note(Question::Controlled(Kind::Pod, &meta.uid));
        self.snapshot
            .relations()
            .owners
            .pods(&meta.uid)
            .iter()
            .map(|pod| &**pod)
    }

    /// The ReplicaSets of a Deployment.
    pub fn replica_sets_of(
        &self,
        meta: &ObjectMeta,
    ) -> impl Iterator<Item = &'a ReplicaSet> + use<'a> {
        self.touch(Kind::ReplicaSet);
        self.note(Question::Controlled(Kind::ReplicaSet, &meta.uid));
        self.snapshot
            .relations()
            .owners
            .replica_sets(&meta.uid)
            .iter()
            .map(|set| &**set)
    }

    /// The Jobs of a CronJob.
    pub fn jobs_of(&self, meta: &ObjectMeta) -> impl Iterator<Item = &'a Job> + use<'a> {
        self.touch(Kind::Job);
        self.note(Question::Controlled(Kind::Job, &meta.uid));
        self.snapshot
            .relations()
            .owners
            .jobs(&meta.uid)
            .iter()
            .map(|job| &**job)
    }

    /// The ReplicaSet of a Deployment's newest revision.
    pub fn newest_replica_set(&self, meta: &ObjectMeta) -> Option<&'a ReplicaSet> {
        self.replica_sets_of(meta).max_by_key(|set| {
            let revision = set
                .metadata
                .annotations
                .value("deployment.kubernetes.io/revision")
                .and_then(|revision| revision.parse::<i64>().ok());
            (
                revision,
                set.metadata.creation_timestamp,
                &set.metadata.name,
            )
        })
    }

    /// All pods of a workload, through ReplicaSets and Jobs.
    pub fn pods_of(&self, workload: &Workload<'a>) -> Vec<&'a Pod> {
        let meta = workload.metadata();
        match workload {
            Workload::Pod(pod) => vec![*pod],
            Workload::Deployment(_) => self
                .replica_sets_of(meta)
                .flat_map(|set| self.controlled_pods(&set.metadata))
                .collect(),
            Workload::CronJob(_) => self
                .jobs_of(meta)
                .flat_map(|job| self.controlled_pods(&job.metadata))
                .collect(),
            _ => self.controlled_pods(meta).collect(),
        }
    }

    /// The Deployments of which the controller has not seen the newest generation, by namespace and name.
    pub fn unobserved_deployments(&self) -> impl Iterator<Item = &'a Deployment> + use<'a> {
        self.touch(Kind::Deployment);
        self.note(Question::Unobserved);
        let all = self.snapshot.relations().unobserved.all();
        all.iter().map(|deployment| &**deployment)
    }

    /// The pods on a node.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &'a Pod> + use<'a> {
        self.touch(Kind::Pod);
        self.note(Question::OnNode(node));
        self.snapshot
            .relations()
            .pods_by_node
            .on(node)
            .iter()
            .map(|pod| &**pod)
    }

    /// The same for who asks only what room they take: requests, ports, and whether they have ended.
    pub fn holders_of_room_on(&self, node: &str) -> impl Iterator<Item = &'a Pod> + use<'a> {
        self.touch(Kind::Pod);
        self.note(Question::RoomOn(node));
        let on_node = self.snapshot.relations().pods_by_node.on(node);
        on_node.iter().map(|pod| &**pod)
    }

    /// The pods of which this is true, by namespace and name.
    pub fn pods_that(&self, one: PodTrait) -> impl Iterator<Item = &'a Arc<Pod>> + use<'a> {
        self.touch(Kind::Pod);
        self.note(Question::Pods(one));
        self.snapshot.relations().pods_by_trait.that(one).iter()
    }

    /// The pods of a namespace whose labels hold every pair; all for no pair.
    pub fn pods_with_labels(
        &self,
        namespace: &str,
        labels: &'a Labels,
    ) -> impl Iterator<Item = &'a Pod> + use<'a> {
        self.touch(Kind::Pod);
        let by_label = &self.snapshot.relations().pods_by_label;
        self.note_labels(namespace, by_label.rarest(namespace, labels));
        by_label.with_labels(namespace, labels)
    }

    /// The pods of a namespace that the selector matches; an empty selector matches all.
    pub fn pods_selected(
        &self,
        namespace: &str,
        selector: &'a LabelSelector,
    ) -> impl Iterator<Item = &'a Pod> + use<'a> {
        self.touch(Kind::Pod);
        let by_label = &self.snapshot.relations().pods_by_label;
        self.note_labels(
            namespace,
            by_label.rarest(namespace, &selector.match_labels),
        );
        by_label.selected(namespace, selector)
    }

    /// Writes down the pods of one label pair, of which every pod in the answer has to carry it; all of the
    /// namespace for no pair.
    fn note_labels(&self, namespace: &str, pair: Option<(&Text, &Text)>) {
        self.note(match pair {
            Some((key, value)) => Question::Labelled(namespace, key, value),
            None => Question::Namespace(Kind::Pod, namespace),
        });
    }

    /// The pods behind a Service; none for a Service without a selector.
    pub fn pods_behind(&self, service: &'a Service) -> Vec<&'a Pod> {
        if service.spec.selector.is_empty() {
            self.touch(Kind::Pod);
            return Vec::new();
        }
        self.pods_with_labels(&service.metadata.namespace, &service.spec.selector)
            .collect()
    }

    /// The EndpointSlices of a Service.
    pub fn slices_of(
        &self,
        service: &Service,
    ) -> impl Iterator<Item = &'a EndpointSlice> + use<'a> {
        self.touch(Kind::EndpointSlice);
        self.note(Question::Slices(
            &service.metadata.namespace,
            &service.metadata.name,
        ));
        self.snapshot
            .relations()
            .slices
            .of_service(&service.metadata.namespace, &service.metadata.name)
            .iter()
            .map(|slice| &**slice)
    }
}

pub(super) static OUTSIDE_SCOPE: Gap = Gap {
    state: crate::model::CoverageState::Partial,
    detail: String::new(),
};
