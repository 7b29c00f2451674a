use super::custom_kinds::MOST_OBJECTS;
use crate::kubernetes::{Kind, group_of};
use crate::snapshot::custom_kind;

/// One kind to list, as the server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The kind, where it has a type of its own.
    pub(super) kind: Option<Kind>,
    /// The kind's name.
    pub(super) name: String,
    pub(super) api_version: String,
    pub(super) plural: String,
    pub(super) is_namespaced: bool,
    /// Only metadata is asked for.
    pub(super) is_metadata_only: bool,
}

impl Target {
    /// The kind in the version that the table names.
    pub(super) fn of(kind: Kind) -> Self {
        Self {
            kind: Some(kind),
            name: kind.as_str().to_owned(),
            api_version: kind.api_version().to_owned(),
            plural: kind.plural().to_owned(),
            is_namespaced: kind.is_namespaced(),
            is_metadata_only: false,
        }
    }

    /// The group; empty for core.
    pub(super) fn group(&self) -> &str {
        group_of(&self.api_version)
    }

    /// The name by which gaps know the kind: with its group where it has no type of its own.
    pub(super) fn gap_name(&self) -> String {
        match self.kind {
            Some(kind) => kind.as_str().to_owned(),
            None => custom_kind(self.group(), &self.name),
        }
    }

    /// How many objects of the kind are read; none for as many as there are.
    pub(super) const fn most_objects(&self) -> Option<usize> {
        match self.kind {
            Some(_) => None,
            None => Some(MOST_OBJECTS),
        }
    }

    /// The path of the list, in one namespace or in all.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.api_version.contains('/') {
            "apis"
        } else {
            "api"
        };
        match namespace {
            Some(namespace) => format!(
                "/{root}/{}/namespaces/{namespace}/{}",
                self.api_version, self.plural
            ),
            None => format!("/{root}/{}/{}", self.api_version, self.plural),
        }
    }

    /// How kubectl names it where it must be unambiguous: `pods`, `deployments.apps`.
    pub(super) fn resource(&self) -> String {
        match self.api_version.split_once('/') {
            Some((group, _)) => format!("{}.{group}", self.plural),
            None => self.plural.clone(),
        }
    }

    /// What a watch shall say.
    pub(super) const fn accept_event(&self) -> &'static str {
        if self.is_metadata_only {
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
        } else {
            "application/json"
        }
    }

    /// What the server shall answer with.
    pub(super) const fn accept(&self) -> &'static str {
        if self.is_metadata_only {
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
        } else {
            "application/json"
        }
    }
}
