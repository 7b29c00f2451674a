//! Lists of objects that stay in the order of their tables while objects come and go.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::kubernetes::Object;

/// The order of a table: by namespace and name.
pub(super) fn by_name<T: Object>(one: &T, other: &T) -> Ordering {
    let (one, other) = (one.metadata(), other.metadata());
    (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name))
}

/// Adds an object at its place; one that is last comes cheap.
pub(super) fn put<T>(list: &mut Vec<Arc<T>>, object: &Arc<T>, order: fn(&T, &T) -> Ordering) {
    let is_last = list
        .last()
        .is_none_or(|last| order(last, object) == Ordering::Less);
    if is_last {
        list.push(Arc::clone(object));
        return;
    }
    match list.binary_search_by(|known| order(known, object)) {
        Ok(at) => {
            if let Some(known) = list.get_mut(at) {
                *known = Arc::clone(object);
            }
        }
        Err(at) => list.insert(at, Arc::clone(object)),
    }
}

/// Takes an object out of the list under a key; a list that is empty then is not kept.
pub(super) fn take<K, Q, T>(
    lists: &mut HashMap<K, Vec<Arc<T>>, RandomState>,
    key: &Q,
    object: &T,
    order: fn(&T, &T) -> Ordering,
) where
    K: std::borrow::Borrow<Q> + Hash + Eq,
    Q: Hash + Eq + ?Sized,
{
    if let Some(list) = lists.get_mut(key) {
        if let Ok(at) = list.binary_search_by(|known| order(known, object)) {
            list.remove(at);
        }
        if list.is_empty() {
            lists.remove(key);
        }
    }
}
