//! One object as rules see it.

use std::cell::OnceCell;

use cel::common::value::Val;
use serde::Deserialize;
use serde_json::Value;

use super::mapping::value_of;
use crate::kubernetes::{GroupKind, OwnerReference};
use crate::model::{ObjectRef, without_secrets};
use crate::snapshot::{Snapshot, WholeObject};

/// An object with every field.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) reference: ObjectRef,
    pub(super) value: Box<dyn Val>,
    /// The object again, and what is shown of it: made where a rule has something to say.
    source: WholeObject,
    shown: OnceCell<Box<dyn Val>>,
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
        let json = json_of(&kind.kind, object)?;
        let metadata: Metadata = json
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
            source: object.clone(),
            shown: OnceCell::new(),
            age,
            controller: metadata
                .owner_references
                .into_iter()
                .find(|owner| owner.controller),
        })
    }

    /// The object without its secrets, as a snapshot would hold it: what a rule says of it is said of this.
    pub(super) fn shown(&self) -> &(dyn Val + 'static) {
        let shown = self.shown.get_or_init(|| {
            let mut json = json_of(&self.reference.kind, &self.source).unwrap_or_default();
            without_secrets(&mut json);
            value_of(json).0
        });
        &**shown
    }

    /// Its namespace; empty for what is cluster-scoped.
    pub(super) fn namespace(&self) -> &str {
        self.reference.namespace.as_deref().unwrap_or_default()
    }
}

fn json_of(kind: &str, object: &WholeObject) -> Option<Value> {
    let mut json: Value = serde_json::from_slice(&object.json).ok()?;
    let fields = json.as_object_mut()?;
    // Elements of a list do not carry their type.
    fields.insert("apiVersion".to_owned(), object.api_version.as_str().into());
    fields.insert("kind".to_owned(), kind.into());
    Some(json)
}
