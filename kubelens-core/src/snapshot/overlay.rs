use std::sync::{Arc, OnceLock};

use super::{Gap, Gaps, Snapshot};
use crate::kubernetes::{Kind, Table};
use crate::model::CoverageState;

impl Snapshot {
    /// This picture as it would be with the objects of `manifests` applied to it: they replace or join its own.
    ///
    /// They stand in it as they were written, without a status, a uid or an age; pods that are not there yet are not
    /// made up. Whatever waits for an object to get old takes them for old enough.
    #[must_use]
    pub fn with_applied(&self, manifests: &Self) -> Self {
        let mut picture = self.clone();
        // Events tell of versions that the manifests replace.
        picture.tables.events = Table::default();
        picture.tables.overlay(&manifests.tables);
        picture
            .written_as
            .extend(manifests.written_as.iter().cloned());
        picture.refused.extend(manifests.refused.iter().cloned());
        for (kind, objects) in &manifests.custom {
            let known = picture.custom.entry(kind.clone()).or_default();
            known.retain(|one| {
                !objects.iter().any(|other| {
                    other.metadata.name == one.metadata.name
                        && other.metadata.namespace == one.metadata.namespace
                })
            });
            known.extend(objects.iter().cloned());
            known.sort_by(|a, b| {
                (&a.metadata.namespace, &a.metadata.name)
                    .cmp(&(&b.metadata.namespace, &b.metadata.name))
            });
        }
        picture.rehearsed()
    }

    /// Manifests without a cluster: what is not in them is unknown, never missing.
    #[must_use]
    pub fn as_manifests_alone(&self) -> Self {
        let mut picture = self.clone();
        let mut gaps = Gaps::default();
        for kind in Kind::ALL {
            gaps.record(
                kind.as_str(),
                None,
                Gap {
                    state: CoverageState::Absent,
                    detail: "manifests do not say what else is in the cluster; --against asks it"
                        .to_owned(),
                },
            );
        }
        picture.gaps = gaps;
        picture.rehearsed()
    }

    fn rehearsed(mut self) -> Self {
        self.is_rehearsal = true;
        self.relations = Arc::new(OnceLock::new());
        self.memo = Arc::default();
        self
    }
}
