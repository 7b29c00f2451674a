use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Kind, ObjectMeta, Tables, Text};
use crate::model::ObjectRef;

/// A typed object of the API.
pub trait Object: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;

    /// Its metadata.
    fn metadata(&self) -> &ObjectMeta;

    /// The table that holds objects of this kind.
    fn table(tables: &Tables) -> &Table<Self>;

    /// The same, to fill it.
    fn table_mut(tables: &mut Tables) -> &mut Table<Self>;

    /// Names it.
    fn reference(&self) -> ObjectRef {
        let meta = self.metadata();
        ObjectRef {
            uid: meta.uid.non_empty().map(str::to_owned),
            ..ObjectRef::namespaced(
                Self::KIND.api_version(),
                Self::KIND.as_str(),
                &meta.namespace,
                &meta.name,
            )
        }
    }
}

/// All objects of one kind, by namespace and name. Cloning shares; changing copies one namespace.
#[derive(Debug, Clone)]
pub struct Table<T> {
    namespaces: BTreeMap<Text, Arc<Vec<Arc<T>>>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            namespaces: BTreeMap::new(),
        }
    }
}

impl<T: Object> Table<T> {
    /// Adds objects; of two with the same name the one with the higher resource version stays.
    pub fn extend(&mut self, objects: impl IntoIterator<Item = T>) {
        self.extend_shared(objects.into_iter().map(Arc::new));
    }

    /// The same for objects that are shared already.
    pub fn extend_shared(&mut self, objects: impl IntoIterator<Item = Arc<T>>) {
        let mut fresh: BTreeMap<Text, Vec<Arc<T>>> = BTreeMap::new();
        for object in objects {
            let namespace = object.metadata().namespace.clone();
            fresh.entry(namespace).or_default().push(object);
        }
        for (namespace, mut rows) in fresh {
            // One object at a time is how watches bring them.
            if let ([_], Some(known)) = (rows.as_slice(), self.namespaces.get_mut(&namespace))
                && let Some(row) = rows.pop()
            {
                put(Arc::make_mut(known), row);
                continue;
            }
            let known = Arc::make_mut(self.namespaces.entry(namespace).or_default());
            known.append(&mut rows);
            known.sort_by(|a, b| order(&**a).cmp(&order(&**b)));
            known.dedup_by(|later, earlier| later.metadata().name == earlier.metadata().name);
            known.shrink_to_fit();
        }
    }

    /// Puts an object in the place of the one of its name, and returns that one.
    pub(crate) fn put(&mut self, object: Arc<T>) -> Option<Arc<T>> {
        let namespace = object.metadata().namespace.clone();
        let rows = Arc::make_mut(self.namespaces.entry(namespace).or_default());
        match rows.binary_search_by(|row| row.metadata().name.cmp(&object.metadata().name)) {
            Ok(at) => rows.get_mut(at).map(|row| std::mem::replace(row, object)),
            Err(at) => {
                rows.insert(at, object);
                None
            }
        }
    }

    /// Takes the object of this name out; a namespace without objects is not kept.
    pub(crate) fn take(&mut self, namespace: &str, name: &str) -> Option<Arc<T>> {
        let rows = Arc::make_mut(self.namespaces.get_mut(namespace)?);
        let at = rows
            .binary_search_by(|row| row.metadata().name.as_str().cmp(name))
            .ok()?;
        let taken = rows.remove(at);
        if rows.is_empty() {
            self.namespaces.remove(namespace);
        }
        Some(taken)
    }

    /// Puts another table in the place of this one, or of what it holds in one namespace.
    pub fn replace(&mut self, namespace: Option<&str>, other: &Self) {
        match namespace {
            None => self.namespaces.clone_from(&other.namespaces),
            Some(namespace) => {
                self.namespaces.remove(namespace);
                if let Some((name, rows)) = other.namespaces.get_key_value(namespace) {
                    self.namespaces.insert(name.clone(), Arc::clone(rows));
                }
            }
        }
    }

    /// The objects of this table that the other one does not hold, and those of the other that this one does not hold.
    /// What both share is not looked at.
    pub(crate) fn differences<'t>(&'t self, other: &'t Self) -> (Vec<&'t Arc<T>>, Vec<&'t Arc<T>>) {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for (namespace, rows) in &self.namespaces {
            if !other.namespaces.contains_key(namespace) {
                gone.extend(rows.iter());
            }
        }
        for (namespace, there) in &other.namespaces {
            let Some(here) = self.namespaces.get(namespace) else {
                come.extend(there.iter());
                continue;
            };
            if Arc::ptr_eq(here, there) {
                continue;
            }
            let (mut here, mut there) = (here.iter().peekable(), there.iter().peekable());
            loop {
                // Most rows are shared: their names, which are elsewhere in memory, are not fetched.
                while let (Some(one), Some(other)) = (here.peek(), there.peek())
                    && Arc::ptr_eq(one, other)
                {
                    here.next();
                    there.next();
                }
                let order = match (here.peek(), there.peek()) {
                    (Some(one), Some(other)) => one.metadata().name.cmp(&other.metadata().name),
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (None, None) => break,
                };
                let one = here.next_if(|_| order != Ordering::Greater);
                let other = there.next_if(|_| order != Ordering::Less);
                gone.extend(one);
                come.extend(other);
            }
        }
        (gone, come)
    }

    /// The object of this name; the namespace is empty for what is cluster-scoped.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        let rows = self.namespaces.get(namespace)?;
        let at = rows
            .binary_search_by(|row| row.metadata().name.as_str().cmp(name))
            .ok()?;
        rows.get(at)
    }

    /// All objects, by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.namespaces.values().flat_map(|rows| rows.iter())
    }

    /// The objects of one namespace, by name.
    pub fn in_namespace(&self, namespace: &str) -> std::slice::Iter<'_, Arc<T>> {
        self.namespaces
            .get(namespace)
            .map(|rows| rows.iter())
            .unwrap_or_default()
    }

    /// The namespaces that hold any, sorted.
    pub fn namespaces(&self) -> impl Iterator<Item = &Text> {
        self.namespaces.keys()
    }

    /// Whether a namespace holds any.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.contains_key(namespace)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.namespaces.values().map(|rows| rows.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
    }
}

/// Puts one object in its place; of two with the same name the one with the higher resource version stays.
fn put<T: Object>(rows: &mut Vec<Arc<T>>, object: Arc<T>) {
    let name = &object.metadata().name;
    match rows.binary_search_by(|row| row.metadata().name.cmp(name)) {
        Err(at) => rows.insert(at, object),
        Ok(at) => {
            if let Some(known) = rows.get_mut(at)
                && order(&*object) <= order(&**known)
            {
                *known = object;
            }
        }
    }
}

/// By name; of equal names the newest first, as `dedup_by` keeps the first.
fn order<T: Object>(object: &T) -> (&Text, std::cmp::Reverse<(u64, &Text)>) {
    let meta = object.metadata();
    let version = meta.resource_version.unwrap_or_default();
    (&meta.name, std::cmp::Reverse((version, &meta.uid)))
}
