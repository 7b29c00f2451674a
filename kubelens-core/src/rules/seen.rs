//! One object as rules see it.

use cel::common::value::Val;
use serde::Deserialize;
use serde_json::Value;

use super::mapping::value_of;
use crate::kubernetes::{GroupKind, OwnerReference};
use crate::model::ObjectRef;
use crate::snapshot::{Snapshot, WholeObject};

/// An object with every field.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) reference: ObjectRef,
    pub(super) value: Box<dyn Val>,
    /// Seconds since its creation; 0 where that is not known.
    pub(super) age: i64,
    pub(super) controller: Option<OwnerReference>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    uid: Option<String>,
    creation_timestamp: Option<jiff::Timestamp>,
    owner_references: Vec<OwnerReference>,
}

impl Seen {
    /// The object; none where its JSON is none after all.
    pub(super) fn of(snapshot: &Snapshot, kind: &GroupKind, object: &WholeObject) -> Option<Self> {
        let mut json: Value = serde_json::from_slice(&object.json).ok()?;
        let fields = json.as_object_mut()?;
        // Elements of a list do not carry their type.
        fields.insert("apiVersion".to_owned(), object.api_version.as_str().into());
        fields.insert("kind".to_owned(), kind.kind.as_str().into());
        let metadata: Metadata = fields
            .get("metadata")
            .and_then(|metadata| Metadata::deserialize(metadata).ok())
            .unwrap_or_default();
        let age = match (snapshot.taken_at(), metadata.creation_timestamp) {
            (Some(now), Some(created)) => now.duration_since(created).as_secs().max(0),
            _ => 0,
        };
        // What the typed tables call it, so that findings of both kinds meet.
        let api_version = kind
            .typed()
            .map_or(object.api_version.as_str(), |kind| kind.api_version());
        let reference = ObjectRef {
            uid: metadata.uid.filter(|uid| !uid.is_empty()),
            ..ObjectRef::namespaced(api_version, &kind.kind, &object.namespace, &object.name)
        };
        let (value, _) = value_of(json);
        Some(Self {
            reference,
            value,
            age,
            controller: metadata
                .owner_references
                .into_iter()
                .find(|owner| owner.controller),
        })
    }

    /// Its namespace; empty for what is cluster-scoped.
    pub(super) fn namespace(&self) -> &str {
        self.reference.namespace.as_deref().unwrap_or_default()
    }
}
