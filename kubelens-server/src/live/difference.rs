//! What became of the objects between two pictures that share what did not change.

use kubelens_core::kubernetes::{AnyObject, Kind};
use kubelens_core::snapshot::{Change, Snapshot};

/// What became of one object.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    /// As it was; none if it is new.
    pub(super) before: Option<AnyObject>,
    /// As it is; none if it is gone.
    pub(super) after: Option<AnyObject>,
}

/// All that changed in the typed kinds. Objects that are shared are the same: only their addresses are compared.
pub(super) fn deltas(before: &Snapshot, after: &Snapshot) -> Vec<Delta> {
    let mut all = Vec::new();
    for kind in Kind::ALL.iter().copied() {
        let mut old = before.tables().all(kind).into_iter().peekable();
        let mut new = after.tables().all(kind).into_iter().peekable();
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(old), Some(new)) => place(old).cmp(&place(new)),
            };
            let delta = match order {
                std::cmp::Ordering::Less => Delta {
                    before: old.next(),
                    after: None,
                },
                std::cmp::Ordering::Greater => Delta {
                    before: None,
                    after: new.next(),
                },
                std::cmp::Ordering::Equal => Delta {
                    before: old.next(),
                    after: new.next(),
                },
            };
            if !delta.is_same() {
                all.push(delta);
            }
        }
    }
    all
}

fn place(object: &AnyObject) -> (&str, &str) {
    let meta = object.metadata();
    (&meta.namespace, &meta.name)
}

impl Delta {
    fn is_same(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => std::ptr::eq(before.metadata(), after.metadata()),
            _ => false,
        }
    }

    /// The same, for a diagnosis that goes on.
    pub(super) fn change(&self) -> Option<Change> {
        match (&self.before, &self.after) {
            (_, Some(after)) => Some(Change::Stored(after.clone())),
            (Some(before), None) => {
                let meta = before.metadata();
                Some(Change::Removed {
                    kind: before.kind(),
                    namespace: meta.namespace.to_string(),
                    name: meta.name.to_string(),
                })
            }
            (None, None) => None,
        }
    }
}

/// What changed in the kinds that have no type here.
pub(super) fn custom_changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let key = |object: &kubelens_core::kubernetes::CustomObject| {
        (
            object.metadata.namespace.clone(),
            object.metadata.name.clone(),
        )
    };
    let mut changes = Vec::new();
    for (kind, objects) in after.custom() {
        let known = before.custom().get(kind).map_or(&[] as &[_], Vec::as_slice);
        for object in objects {
            let old = known
                .binary_search_by_key(&key(object), |one| key(one))
                .ok()
                .and_then(|at| known.get(at));
            if !old.is_some_and(|old| std::sync::Arc::ptr_eq(old, object)) {
                changes.push(Change::CustomStored((**object).clone()));
            }
        }
    }
    for (kind, objects) in before.custom() {
        let now = after.custom().get(kind).map_or(&[] as &[_], Vec::as_slice);
        for object in objects {
            if now
                .binary_search_by_key(&key(object), |one| key(one))
                .is_err()
            {
                changes.push(Change::CustomRemoved {
                    kind: kind.clone(),
                    namespace: object.metadata.namespace.to_string(),
                    name: object.metadata.name.to_string(),
                });
            }
        }
    }
    changes
}
