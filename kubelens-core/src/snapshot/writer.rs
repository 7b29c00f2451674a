use std::sync::Arc;

use jiff::Timestamp;

#[cfg(feature = "live")]
use super::WholeObjects;
use super::{Gap, Logs, Snapshot};
use crate::kubernetes::{Batch, CustomObject, GroupKind, Kind};
use crate::model::CoverageState;

/// Keeps a picture current: takes in changes, and hands out pictures that stay as they are.
///
/// A picture shares what did not change with the one before: a change copies the list of one kind in one
/// namespace, never objects.
#[derive(Debug)]
pub struct Writer {
    picture: Snapshot,
}

impl Writer {
    /// Goes on from a picture.
    pub fn new(snapshot: &Snapshot) -> Self {
        Self {
            picture: Snapshot {
                logs: Logs::new(),
                ..snapshot.apart()
            },
        }
    }

    /// Takes in objects that are new or were changed. An older version of one that is there is left out.
    pub fn absorb(&mut self, batch: Batch) {
        self.picture.tables.absorb(batch);
    }

    /// The same for an object of a kind that has no type of its own.
    pub fn add_custom(&mut self, object: CustomObject) {
        let all = self
            .picture
            .custom
            .entry(object.kind.to_string())
            .or_default();
        let key = |object: &CustomObject| {
            let meta = &object.metadata;
            (meta.namespace.clone(), meta.name.clone())
        };
        match all.binary_search_by_key(&key(&object), |known| key(known)) {
            Ok(at) => {
                if let Some(known) = all.get_mut(at) {
                    *known = Arc::new(object);
                }
            }
            Err(at) => all.insert(at, Arc::new(object)),
        }
    }

    /// Takes out an object that is gone; the namespace is empty for what is cluster-scoped.
    pub fn remove(&mut self, kind: Kind, namespace: &str, name: &str) {
        self.picture.tables.remove(kind, namespace, name);
        let kind = GroupKind::of(kind.api_version(), kind.as_str());
        self.picture.whole.remove(&kind, namespace, name);
    }

    /// The same for an object of a kind that has no type of its own.
    pub fn remove_custom(&mut self, kind: &str, namespace: &str, name: &str) {
        if let Some(all) = self.picture.custom.get_mut(kind) {
            all.retain(|known| {
                known.metadata.name != *name || known.metadata.namespace != *namespace
            });
        }
        for kind in self.picture.whole.kinds_named(kind) {
            self.picture.whole.remove(&kind, namespace, name);
        }
    }

    /// Puts a list that was read anew in the place of what was known of the kind, everywhere or in one namespace.
    pub fn replace(&mut self, kind: Kind, namespace: Option<&str>, list: &Snapshot) {
        self.picture.tables.replace(kind, namespace, &list.tables);
        let kind = GroupKind::of(kind.api_version(), kind.as_str());
        self.picture.whole.replace(&kind, namespace, &list.whole);
    }

    /// The same for a kind that has no type of its own.
    pub fn replace_custom(&mut self, kind: &str, namespace: Option<&str>, list: &Snapshot) {
        let all = self.picture.custom.entry(kind.to_owned()).or_default();
        all.retain(|known| namespace.is_some_and(|one| known.metadata.namespace != *one));
        let fresh = list.custom.get(kind).map_or(&[] as &[_], Vec::as_slice);
        all.extend(fresh.iter().cloned());
        all.sort_by(|a, b| {
            (&a.metadata.namespace, &a.metadata.name)
                .cmp(&(&b.metadata.namespace, &b.metadata.name))
        });
        let mut kinds = self.picture.whole.kinds_named(kind);
        kinds.extend(list.whole.kinds_named(kind));
        for kind in kinds {
            self.picture.whole.replace(&kind, namespace, &list.whole);
        }
    }

    /// The objects that are kept with every field.
    #[cfg(feature = "live")]
    pub(crate) const fn whole_mut(&mut self) -> &mut WholeObjects {
        &mut self.picture.whole
    }

    /// Says that a kind is not known in full any more.
    pub fn gap(
        &mut self,
        kind: &str,
        namespace: Option<&str>,
        state: CoverageState,
        detail: impl Into<String>,
    ) {
        let detail = detail.into();
        self.picture
            .gaps
            .record(kind, namespace, Gap { state, detail });
    }

    /// Says that a kind is known in full again, there.
    pub fn close_gap(&mut self, kind: &str, namespace: Option<&str>) {
        self.picture.gaps.close(kind, namespace);
    }

    /// The picture as of now.
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        Snapshot {
            taken_at: Some(now),
            ..self.picture.apart()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::Pod;
    use crate::snapshot::SnapshotBuilder;

    fn batch(pods: &[(&str, &str, u64)]) -> Batch {
        let mut batch = Batch::default();
        for (namespace, name, version) in pods {
            let json = format!(
                r#"{{"metadata":{{"namespace":"{namespace}","name":"{name}","resourceVersion":"{version}"}}}}"#
            );
            batch.push_json(Kind::Pod, json.as_bytes()).expect("a pod");
        }
        batch
    }

    fn picture(pods: &[(&str, &str, u64)]) -> Snapshot {
        let mut builder = SnapshotBuilder::default();
        builder.absorb(batch(pods));
        builder.build_live(Timestamp::UNIX_EPOCH)
    }

    fn pods(snapshot: &Snapshot) -> Vec<(String, Option<u64>)> {
        let all = snapshot.table::<Pod>().iter();
        all.map(|pod| {
            let meta = &pod.metadata;
            let path = format!("{}/{}", meta.namespace, meta.name);
            (path, meta.resource_version)
        })
        .collect()
    }

    #[test]
    fn a_picture_that_was_handed_out_stays_as_it_is() {
        let mut writer = Writer::new(&picture(&[("shop", "a", 1), ("shop", "b", 2)]));
        let before = writer.snapshot(Timestamp::UNIX_EPOCH);
        writer.absorb(batch(&[("shop", "a", 5), ("shop", "c", 6)]));
        writer.remove(Kind::Pod, "shop", "b");
        let after = writer.snapshot(Timestamp::UNIX_EPOCH);
        assert_eq!(
            pods(&before),
            [("shop/a".into(), Some(1)), ("shop/b".into(), Some(2))]
        );
        assert_eq!(
            pods(&after),
            [("shop/a".into(), Some(5)), ("shop/c".into(), Some(6))]
        );
    }

    #[test]
    fn an_older_version_changes_nothing() {
        let mut writer = Writer::new(&picture(&[("shop", "a", 7)]));
        writer.absorb(batch(&[("shop", "a", 3)]));
        assert_eq!(
            pods(&writer.snapshot(Timestamp::UNIX_EPOCH)),
            [("shop/a".into(), Some(7))]
        );
    }

    #[test]
    fn a_list_takes_the_place_of_what_was_known_there() {
        let known = [("blog", "x", 1), ("shop", "a", 1)];
        let mut writer = Writer::new(&picture(&known));
        writer.replace(Kind::Pod, Some("shop"), &picture(&[("shop", "b", 9)]));
        assert_eq!(
            pods(&writer.snapshot(Timestamp::UNIX_EPOCH)),
            [("blog/x".into(), Some(1)), ("shop/b".into(), Some(9))]
        );
        writer.replace(Kind::Pod, None, &picture(&[]));
        assert!(pods(&writer.snapshot(Timestamp::UNIX_EPOCH)).is_empty());
    }

    #[test]
    fn the_last_object_of_a_namespace_takes_the_namespace_along() {
        let mut writer = Writer::new(&picture(&[("shop", "a", 1)]));
        writer.remove(Kind::Pod, "shop", "a");
        writer.remove(Kind::Pod, "shop", "never");
        let after = writer.snapshot(Timestamp::UNIX_EPOCH);
        assert!(!after.tables().has_in_namespace(Kind::Pod, "shop"));
    }
}
