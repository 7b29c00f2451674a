//! An immutable picture of a cluster at one instant: what was read, how it hangs together, and what
//! could not be read.

mod age;
mod builder;
mod change;
mod cluster;
mod custom;
#[cfg(test)]
pub(crate) mod example;
mod gap;
mod ledger;
mod logs;
mod memo;
mod names;
mod newest_time;
mod overlay;
mod reads;
mod relations;
mod short;
mod siblings;
mod steps;
mod thresholds;
mod tuning;
mod unplaced;
mod whole;
mod workload;
mod workloads;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

pub use age::Age;
pub(crate) use builder::MADE_EVERYWHERE;
pub use builder::{SnapshotBuilder, custom_kind};
pub use change::Change;
pub(crate) use change::Changed;
pub use cluster::{Cluster, Lookup};
pub use gap::{Gap, Gaps};
pub(crate) use ledger::Ledger;
pub use logs::{ContainerLog, LogKey, Logs};
pub(crate) use memo::Digest;
pub(crate) use newest_time::newest_time;
pub(crate) use reads::Reads;
pub use relations::{EventTrait, PodTrait};
pub(crate) use short::Makes;
pub use thresholds::{Threshold, ThresholdSettings, Thresholds};
pub use tuning::{Override, Tuning};
pub use unplaced::Unplaced;
pub(crate) use unplaced::unplaced_by;
pub use whole::{WholeObject, WholeObjects};
pub use workload::Workload;
pub use writer::Writer;

use crate::kubernetes::{CustomObject, Object, Table, Tables};
use crate::model::{ClusterInfo, FieldError, ObjectRef, Scope};
use memo::Memo;
use relations::Relations;

/// A picture of a cluster. Cloning shares the objects.
#[derive(Debug, Clone)]
pub struct Snapshot {
    taken_at: Option<Timestamp>,
    info: ClusterInfo,
    scope: Scope,
    tables: Tables,
    custom: BTreeMap<String, Vec<Arc<CustomObject>>>,
    written_as: BTreeSet<ObjectRef>,
    refused: BTreeSet<(ObjectRef, FieldError)>,
    custom_listed: BTreeSet<String>,
    gaps: Gaps,
    logs: Logs,
    relations: Arc<OnceLock<Relations>>,
    memo: Arc<Memo>,
    /// Objects without a time of creation are not applied yet, and taken for old enough.
    is_rehearsal: bool,
    tuning: Arc<Tuning>,
    whole: WholeObjects,
}

impl Snapshot {
    /// When the picture was taken; none where it holds no time at all.
    pub const fn taken_at(&self) -> Option<Timestamp> {
        self.taken_at
    }

    /// Which cluster it shows.
    pub const fn info(&self) -> &ClusterInfo {
        &self.info
    }

    /// What of the cluster was asked for.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// All objects of typed kinds.
    pub const fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The objects of one kind.
    pub fn table<T: Object>(&self) -> &Table<T> {
        T::table(&self.tables)
    }

    /// Objects of kinds without a type of their own, by kind.
    pub const fn custom(&self) -> &BTreeMap<String, Vec<Arc<CustomObject>>> {
        &self.custom
    }

    /// Objects that are written in another API version than the one they are read in, each with that version.
    pub const fn written_as(&self) -> &BTreeSet<ObjectRef> {
        &self.written_as
    }

    /// What the API server would refuse in objects that are not applied yet, where that was asked for.
    pub const fn refused(&self) -> &BTreeSet<(ObjectRef, FieldError)> {
        &self.refused
    }

    /// The kinds without a type of their own that were listed, by the name of [`custom_kind`].
    pub const fn custom_listed(&self) -> &BTreeSet<String> {
        &self.custom_listed
    }

    /// What could not be read.
    pub const fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    /// The container logs that were fetched.
    pub const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// How many objects it holds.
    pub fn object_count(&self) -> usize {
        self.tables.object_count() + self.custom.values().map(Vec::len).sum::<usize>()
    }

    /// The same picture, said to be of a cluster of this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.info.name);
        self
    }

    /// The same picture, said to come from a source of this name.
    #[must_use]
    pub fn from_source(mut self, source: &str) -> Self {
        source.clone_into(&mut self.info.source);
        self
    }

    /// The same picture with container logs.
    #[must_use]
    pub fn with_logs(mut self, logs: Logs) -> Self {
        self.logs = logs;
        self.memo = Arc::default();
        self
    }

    /// The same picture, with nothing in common that changes: for who changes it.
    #[must_use]
    pub(crate) fn apart(&self) -> Self {
        Self {
            relations: Arc::default(),
            memo: Arc::default(),
            ..self.clone()
        }
    }

    fn relations(&self) -> &Relations {
        self.relations.get_or_init(|| Relations::of(&self.tables))
    }
}
