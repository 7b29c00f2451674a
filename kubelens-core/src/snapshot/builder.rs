use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::newest_time::newest_time;
use super::{Gap, Gaps, Logs, Snapshot, WholeObjects};
use crate::kubernetes::{Batch, CustomObject, GroupKind, Kind, Tables};
use crate::model::{ClusterInfo, CoverageState, FieldError, ObjectRef, Scope};

/// What controllers make in every namespace.
pub(crate) const MADE_EVERYWHERE: [(Kind, &str); 2] = [
    (Kind::ConfigMap, "kube-root-ca.crt"),
    (Kind::ServiceAccount, "default"),
];

/// Puts a [`Snapshot`] together from what a source reads.
#[derive(Debug, Default)]
pub struct SnapshotBuilder {
    info: ClusterInfo,
    scope: Scope,
    tables: Tables,
    custom: BTreeMap<String, Vec<Arc<CustomObject>>>,
    written_as: BTreeSet<ObjectRef>,
    refused: BTreeSet<(ObjectRef, FieldError)>,
    gaps: Gaps,
    logs: Logs,
    listed: BTreeSet<Kind>,
    listed_in: BTreeMap<Kind, BTreeSet<String>>,
    held_elsewhere: BTreeMap<Kind, bool>,
    newest_elsewhere: Option<Timestamp>,
    custom_listed: BTreeSet<String>,
    whole: WholeObjects,
}

impl SnapshotBuilder {
    /// An empty picture of this cluster.
    pub fn new(info: ClusterInfo, scope: Scope) -> Self {
        Self {
            info,
            scope,
            ..Self::default()
        }
    }

    /// Which cluster it shows.
    pub const fn info_mut(&mut self) -> &mut ClusterInfo {
        &mut self.info
    }

    /// Narrows what was asked for to what a recording was asked for when it was made.
    pub fn narrow_scope(&mut self, recorded: &Scope) {
        if self.scope.namespaces.is_empty() {
            self.scope.namespaces.clone_from(&recorded.namespaces);
        }
        if self.scope.selector.is_none() {
            self.scope.selector.clone_from(&recorded.selector);
        }
    }

    /// Every namespace that is there or that an object is in.
    pub fn namespaces(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = Kind::ALL
            .iter()
            .flat_map(|kind| self.tables.all_metadata(*kind))
            .map(|meta| meta.namespace.to_string())
            .filter(|name| !name.is_empty())
            .collect();
        names.extend(
            self.tables
                .namespaces
                .iter()
                .map(|namespace| namespace.metadata.name.to_string()),
        );
        names
    }

    /// Takes in typed objects.
    pub fn absorb(&mut self, batch: Batch) {
        self.tables.absorb(batch);
    }

    /// Takes in an object of a kind that has no type of its own.
    pub fn add_custom(&mut self, object: CustomObject) {
        self.custom
            .entry(object.kind.to_string())
            .or_default()
            .push(Arc::new(object));
    }

    /// Notes that an object is written in another API version than the one it is read in.
    pub fn written_as(&mut self, object: ObjectRef) {
        self.written_as.insert(object);
    }

    /// Notes what the API server would refuse in an object.
    pub fn refused(&mut self, object: ObjectRef, error: FieldError) {
        self.refused.insert((object, error));
    }

    /// Whether it holds no object of a kind.
    pub(crate) fn holds_none(&self, kind: &GroupKind) -> bool {
        match kind.typed() {
            Some(typed) => self.tables.count(typed) == 0,
            None => !self
                .custom
                .get(&kind.kind)
                .is_some_and(|all| all.iter().any(|one| one.group() == kind.group)),
        }
    }

    /// Whether a kind without a type of its own was listed.
    pub(crate) fn was_listed(&self, kind: &GroupKind) -> bool {
        let name = custom_kind(&kind.group, &kind.kind);
        self.custom_listed.contains(&name)
    }

    /// The objects that are kept with every field.
    pub(crate) const fn whole_mut(&mut self) -> &mut WholeObjects {
        &mut self.whole
    }

    /// Takes in container logs.
    pub fn add_logs(&mut self, logs: Logs) {
        self.logs.extend(logs);
    }

    /// Says that the source listed the kind in full, even if there was no object of it.
    pub fn listed(&mut self, kind: Kind) {
        self.listed.insert(kind);
    }

    /// Says that the source listed the kind in full in one namespace, even if there was no object of it.
    pub fn listed_in(&mut self, kind: Kind, namespace: &str) {
        self.listed_in
            .entry(kind)
            .or_default()
            .insert(namespace.to_owned());
    }

    /// Says how new the newest is that a recording holds of namespaces that nobody asked for.
    pub(crate) fn reaches_to(&mut self, newest: Option<Timestamp>) {
        self.newest_elsewhere = self.newest_elsewhere.max(newest);
    }

    /// Says that a recording holds objects of the kind in namespaces that nobody asked for, and whether the one
    /// of [`MADE_EVERYWHERE`] was among them.
    pub(crate) fn holds_elsewhere(&mut self, kind: Kind, is_made_everywhere: bool) {
        *self.held_elsewhere.entry(kind).or_default() |= is_made_everywhere;
    }

    /// Says that the source listed a kind without a type of its own, as far as no gap says otherwise. The
    /// name is that of [`custom_kind`].
    pub fn listed_custom(&mut self, kind: &str) {
        self.custom_listed.insert(kind.to_owned());
    }

    /// Says that a kind was read in these namespaces only.
    pub fn gap_outside(
        &mut self,
        kind: &str,
        namespaces: BTreeSet<String>,
        state: CoverageState,
        detail: impl Into<String>,
    ) {
        let detail = detail.into();
        self.gaps
            .record_outside(kind, namespaces, Gap { state, detail });
    }

    /// Says that a kind could not be read in full.
    pub fn gap(
        &mut self,
        kind: &str,
        namespace: Option<&str>,
        state: CoverageState,
        detail: impl Into<String>,
    ) {
        let detail = detail.into();
        self.gaps.record(kind, namespace, Gap { state, detail });
    }

    /// How many objects were taken in so far.
    pub fn object_count(&self) -> usize {
        self.tables.object_count() + self.custom.values().map(Vec::len).sum::<usize>()
    }

    /// A picture as a live source sees it: taken now, every kind without a gap is complete.
    pub fn build_live(self, taken_at: Timestamp) -> Snapshot {
        self.finish(Some(taken_at))
    }

    /// A picture as it was recorded: taken at `taken_at` or at the newest time in it. A kind of which
    /// the recording holds nothing is unknown, not empty.
    pub fn build_recorded(mut self, taken_at: Option<Timestamp>) -> Snapshot {
        for kind in Kind::ALL.iter().copied() {
            if self.listed.contains(&kind) {
                continue;
            }
            if let Some(namespaces) = self.listed_in.remove(&kind) {
                let detail = format!(
                    "the recording holds the {kind} objects of {} only",
                    some_of(&namespaces)
                );
                self.gap_outside(kind.as_str(), namespaces, CoverageState::Partial, detail);
                continue;
            }
            if self.tables.count(kind) == 0 && !self.held_elsewhere.contains_key(&kind) {
                self.gap(
                    kind.as_str(),
                    None,
                    CoverageState::Absent,
                    format!("the recording holds no {kind}"),
                );
            }
        }
        self.mark_namespaces_outside_the_recording();
        // As for other kinds: of what it holds something, it holds all, unless it says otherwise.
        let held = self.custom.values().flatten();
        let kinds: BTreeSet<String> = held
            .map(|object| custom_kind(object.group(), &object.kind))
            .collect();
        self.custom_listed.extend(kinds);
        let taken_at =
            taken_at.or_else(|| newest_time(&self.tables, &self.custom).max(self.newest_elsewhere));
        self.finish(taken_at)
    }

    /// Where every namespace has an object of a kind by Kubernetes' own doing, a namespace without one
    /// was not recorded for that kind.
    fn mark_namespaces_outside_the_recording(&mut self) {
        let mut namespaces: BTreeSet<String> = BTreeSet::new();
        for kind in [
            Kind::Pod,
            Kind::Deployment,
            Kind::StatefulSet,
            Kind::Service,
            Kind::Ingress,
        ] {
            for reference in self.tables.references(kind) {
                namespaces.extend(reference.namespace);
            }
        }
        for (kind, object) in MADE_EVERYWHERE {
            let is_left_out = self.held_elsewhere.get(&kind) == Some(&true);
            let is_kept_elsewhere = is_left_out
                || self
                    .tables
                    .references(kind)
                    .iter()
                    .any(|known| known.name == object);
            if !is_kept_elsewhere || self.listed.contains(&kind) {
                continue;
            }
            for namespace in &namespaces {
                if !self.tables.has_in_namespace(kind, namespace) {
                    let detail = format!(
                        "the recording holds no {kind} of namespace {namespace}, not even `{object}`"
                    );
                    self.gaps.record(
                        kind.as_str(),
                        Some(namespace),
                        Gap {
                            state: CoverageState::Partial,
                            detail,
                        },
                    );
                }
            }
        }
    }

    fn finish(mut self, taken_at: Option<Timestamp>) -> Snapshot {
        self.whole.settle();
        for objects in self.custom.values_mut() {
            objects.sort_by(|a, b| {
                (&a.metadata.namespace, &a.metadata.name)
                    .cmp(&(&b.metadata.namespace, &b.metadata.name))
            });
        }
        Snapshot {
            taken_at,
            info: self.info,
            scope: self.scope,
            tables: self.tables,
            custom: self.custom,
            written_as: self.written_as,
            refused: self.refused,
            custom_listed: self.custom_listed,
            gaps: self.gaps,
            logs: self.logs,
            relations: Arc::new(OnceLock::new()),
            memo: Arc::default(),
            is_rehearsal: false,
            tuning: Arc::default(),
            whole: self.whole,
        }
    }
}

/// The name by which a kind without a type of its own is known: two groups may use one word.
pub fn custom_kind(group: &str, kind: &str) -> String {
    if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    }
}

/// `a, b, c and 7 more`.
fn some_of(names: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
