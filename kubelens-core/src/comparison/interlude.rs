//! What two pictures say about the time between them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Recovery;
use crate::kubernetes::{Condition, ContainerView, Kind, Node, Object, Pod, condition};
use crate::model::{Cause, Evidence, ObjectRef, counted};
use crate::snapshot::{Cluster, Snapshot};

/// What happened between two pictures, as far as objects of the newer one remember it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interlude {
    /// What broke and is well again, by object.
    pub recovered: Vec<Recovery>,
    /// Pods that are not ready in both pictures and were ready in between, each with its top owner.
    relapsed: Vec<(ObjectRef, ObjectRef)>,
    /// What the older picture holds and the newer one, of a kind that was read in full, does not.
    deleted: BTreeSet<(String, String, String)>,
}

impl Interlude {
    /// What happened between the pictures; nothing is known where one of them has no time.
    pub fn between(older: &Snapshot, newer: &Snapshot) -> Self {
        let mut interlude = Self {
            deleted: deleted(older, newer),
            ..Self::default()
        };
        if let Some(since) = older.taken_at() {
            interlude.pods(older, newer, since);
            interlude.nodes(older, newer, since);
        }
        interlude
    }

    /// Whether the object was there and is not any more.
    pub(super) fn is_deleted(&self, object: &ObjectRef) -> bool {
        self.deleted.contains(&object.key())
    }

    /// The pods that show the cause, or belong to what does, and were ready in between.
    pub(super) fn relapsed_among<'a>(&'a self, cause: &Cause) -> Vec<&'a ObjectRef> {
        let concerns = |object: &ObjectRef| {
            cause.subject.is_same(object)
                || cause.affected.iter().any(|other| other.is_same(object))
                || cause
                    .chain
                    .iter()
                    .any(|link| link.cause.is_same(object) || link.effect.is_same(object))
        };
        self.relapsed
            .iter()
            .filter(|(pod, owner)| concerns(pod) || concerns(owner))
            .map(|(pod, _)| pod)
            .collect()
    }

    fn pods(&mut self, older: &Snapshot, newer: &Snapshot, since: Timestamp) {
        let cluster = Cluster::new(newer);
        for pod in newer.table::<Pod>().iter().filter(|pod| pod.is_live()) {
            let meta = &pod.metadata;
            let before = older
                .table::<Pod>()
                .get(&meta.namespace, &meta.name)
                .filter(|before| before.metadata.uid == meta.uid);
            if before.is_none() && meta.creation_timestamp.is_none_or(|made| made <= since) {
                // It was there, and the older picture does not show it.
                continue;
            }
            let restarts: Vec<(ContainerView<'_>, i64)> = pod
                .containers()
                .map(|container| {
                    let known = before.map_or(0, |before| restarts_of(before, container.name()));
                    (container, container.restarts() - known)
                })
                .filter(|(_, restarts)| *restarts > 0)
                .collect();
            for (container, restarts) in &restarts {
                if container.is_ready() && pod.is_ready() {
                    self.recovered.push(restarted(pod, container, *restarts));
                }
            }
            let Some(before) = before.filter(|_| restarts.is_empty()) else {
                continue;
            };
            let moved =
                changed_in_between(&before.status.conditions, &pod.status.conditions, since);
            match moved {
                Some(ready) if ready.is_true() => {
                    self.recovered.push(was_not_ready(pod.reference(), ready));
                }
                Some(ready) if ready.is_false() => {
                    let own = pod.reference();
                    let owner = cluster.top_owner(own.clone(), meta);
                    self.relapsed.push((own, owner));
                }
                _ => {}
            }
        }
    }

    fn nodes(&mut self, older: &Snapshot, newer: &Snapshot, since: Timestamp) {
        for node in newer.table::<Node>().iter() {
            let known = older.table::<Node>().get("", &node.metadata.name);
            let Some(before) = known.filter(|known| known.metadata.uid == node.metadata.uid) else {
                continue;
            };
            let moved =
                changed_in_between(&before.status.conditions, &node.status.conditions, since);
            if let Some(ready) = moved.filter(|ready| ready.is_true()) {
                self.recovered.push(was_not_ready(node.reference(), ready));
            }
        }
    }
}

/// The newer `Ready` where it says what the older said and has said so only since then: it said something else in
/// between. The time of a condition changes with its status alone.
fn changed_in_between<'a>(
    before: &[Condition],
    now: &'a [Condition],
    since: Timestamp,
) -> Option<&'a Condition> {
    let old = condition(before, "Ready")?;
    let new = condition(now, "Ready")?;
    let moved = new.last_transition_time? > since;
    (moved && old.status == new.status).then_some(new)
}

fn restarts_of(pod: &Pod, container: &str) -> i64 {
    pod.containers()
        .find(|known| known.name() == container)
        .map_or(0, |known| known.restarts())
}

fn restarted(pod: &Pod, container: &ContainerView<'_>, restarts: i64) -> Recovery {
    let object = pod.reference();
    let end = container.last_end();
    let how = match end {
        Some(end) if end.reason.is_empty() => format!(", last with exit code {}", end.exit_code),
        Some(end) => format!(", last {} with exit code {}", end.reason, end.exit_code),
        None => String::new(),
    };
    let mut evidence = vec![Evidence::field(
        object.clone(),
        &container.status_path("restartCount"),
        container.restarts(),
    )];
    evidence.extend(end.map(|end| {
        let path = container.last_end_path("exitCode");
        Evidence::field(object.clone(), &path, end.exit_code).at(end.finished_at)
    }));
    Recovery {
        title: format!(
            "{object}: {} ended {}{how}, and runs again",
            container.title(),
            times(restarts)
        ),
        container: Some(container.name().to_owned()),
        restarts,
        evidence,
        at: end.and_then(|end| end.finished_at),
        object,
    }
}

fn times(count: i64) -> String {
    usize::try_from(count).map_or_else(|_| "again".to_owned(), |count| counted(count, "time"))
}

fn was_not_ready(object: ObjectRef, ready: &Condition) -> Recovery {
    Recovery {
        title: format!("{object} was not ready in between, and is again"),
        container: None,
        restarts: 0,
        evidence: vec![
            Evidence::field(
                object.clone(),
                "status.conditions[Ready].lastTransitionTime",
                ready
                    .last_transition_time
                    .map_or_else(String::new, |time| time.to_string()),
            )
            .at(ready.last_transition_time),
        ],
        at: ready.last_transition_time,
        object,
    }
}

fn deleted(older: &Snapshot, newer: &Snapshot) -> BTreeSet<(String, String, String)> {
    let cluster = Cluster::new(newer);
    let mut deleted = BTreeSet::new();
    for kind in Kind::ALL.iter().copied() {
        for object in older.tables().references(kind) {
            let namespace = object.namespace.as_deref().unwrap_or_default();
            let is_there = newer
                .tables()
                .metadata(kind, namespace, &object.name)
                .is_some();
            if !is_there && cluster.is_complete(kind, namespace) {
                deleted.insert(object.key());
            }
        }
    }
    deleted
}
