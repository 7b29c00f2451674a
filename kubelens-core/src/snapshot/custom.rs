use std::sync::Arc;

use super::cluster::OUTSIDE_SCOPE;
use super::{Cluster, Gap, Lookup, Snapshot, custom_kind};
use crate::kubernetes::CustomObject;

static NOT_READ: Gap = Gap {
    state: crate::model::CoverageState::Absent,
    detail: String::new(),
};

impl<'a> Cluster<'a> {
    /// The objects of a kind that has no type here, of this group or of a group below it
    /// (`toolkit.fluxcd.io` stands for `source.toolkit.fluxcd.io` too), without those being deleted.
    pub fn customs<'g>(
        &self,
        group: &'g str,
        kind: &str,
    ) -> impl Iterator<Item = &'a CustomObject> + use<'a, 'g> {
        self.custom(kind)
            .iter()
            .map(|object| &**object)
            .filter(move |object| is_within(object.group(), group))
            .filter(|object| !object.metadata.is_terminating())
    }

    /// Every object that has no type here, without those being deleted.
    pub fn all_customs(&self) -> impl Iterator<Item = &'a CustomObject> + use<'a> {
        self.all_custom()
            .map(|object| &**object)
            .filter(|object| !object.metadata.is_terminating())
    }

    /// Whether an object of a kind that has no type here is there, is not there, or cannot be known. The
    /// namespace is empty for what is cluster-scoped.
    pub fn look_up_custom(
        &self,
        group: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Lookup<'a, CustomObject> {
        let found = self.custom(kind).iter().find(|object| {
            object.group() == group
                && object.metadata.namespace == namespace
                && object.metadata.name == name
        });
        if let Some(object) = found {
            return Lookup::Found(object);
        }
        let kind = custom_kind(group, kind);
        if !self.snapshot.custom_listed().contains(&kind) {
            return Lookup::Unknown(&NOT_READ);
        }
        let scope = &self.snapshot.scope().namespaces;
        if !namespace.is_empty()
            && !scope.is_empty()
            && !scope.iter().any(|known| known == namespace)
        {
            return Lookup::Unknown(&OUTSIDE_SCOPE);
        }
        self.snapshot
            .gaps()
            .find_named(&kind, namespace)
            .map_or(Lookup::Absent, Lookup::Unknown)
    }
}

impl Snapshot {
    /// The same picture with an object of a kind that has no type here, in the place of one of the same name.
    #[must_use]
    pub fn with_custom(mut self, object: CustomObject) -> Self {
        let known = self.custom.entry(object.kind.to_string()).or_default();
        let place =
            |one: &CustomObject| (one.metadata.namespace.clone(), one.metadata.name.clone());
        known.retain(|one| place(one) != place(&object));
        known.push(Arc::new(object));
        known.sort_by_key(|one| place(one));
        self.memo = Arc::default();
        self
    }
}

/// Whether a group is another one or lies below it.
fn is_within(group: &str, other: &str) -> bool {
    group == other
        || group
            .strip_suffix(other)
            .is_some_and(|before| before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use crate::kubernetes::CustomObject;
    use crate::model::{ClusterInfo, CoverageState, Scope};
    use crate::snapshot::{Cluster, Lookup, SnapshotBuilder};

    fn widget() -> CustomObject {
        serde_json::from_str(
            r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"shop"}}"#,
        )
        .expect("an object")
    }

    #[test]
    fn only_a_list_that_was_read_in_full_proves_absence() {
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
        builder.add_custom(widget());
        builder.listed_custom("Widget.example.com");
        builder.listed_custom("Gadget.example.com");
        builder.gap(
            "Gadget.example.com",
            Some("bank"),
            CoverageState::Forbidden,
            "no",
        );
        let picture = builder.build_live(jiff::Timestamp::UNIX_EPOCH);
        let cluster = Cluster::new(&picture);
        let look = |group: &str, kind: &str, namespace: &str, name: &str| match cluster
            .look_up_custom(group, kind, namespace, name)
        {
            Lookup::Found(_) => "there",
            Lookup::Absent => "absent",
            Lookup::Unknown(_) => "unknown",
        };
        assert_eq!(look("example.com", "Widget", "shop", "w"), "there");
        assert_eq!(look("example.com", "Widget", "shop", "x"), "absent");
        assert_eq!(look("other.com", "Widget", "shop", "w"), "unknown");
        assert_eq!(look("example.com", "Gadget", "shop", "x"), "absent");
        assert_eq!(look("example.com", "Gadget", "bank", "x"), "unknown");
    }

    #[test]
    fn a_group_stands_for_those_below_it() {
        assert!(super::is_within(
            "source.toolkit.fluxcd.io",
            "toolkit.fluxcd.io"
        ));
        assert!(super::is_within("cilium.io", "cilium.io"));
        assert!(!super::is_within("notcilium.io", "cilium.io"));
    }
}
