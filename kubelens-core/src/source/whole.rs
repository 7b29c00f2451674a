//! Keeps objects with every field on their way into a snapshot, for rules that may name any of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::items::{Item, Syntax};
use super::json_items::without_field_sets;
use crate::kubernetes::{GroupKind, ObjectMeta, yaml};
use crate::model::REDACTED;
use crate::snapshot::{WholeObject, WholeObjects};

/// How much is kept of one kind of one list, in bytes, and of one object: the API stores no larger one.
const MOST: usize = 512 * 1024 * 1024;
const LARGEST: usize = 4 * 1024 * 1024;

/// Objects that are kept with every field.
#[derive(Debug)]
pub(super) struct Keeping {
    wanted: BTreeSet<GroupKind>,
    kept: BTreeMap<GroupKind, Vec<WholeObject>>,
    bytes: usize,
    cut: BTreeMap<GroupKind, String>,
}

impl Keeping {
    pub(super) fn new(wanted: &BTreeSet<GroupKind>) -> Self {
        Self {
            wanted: wanted.clone(),
            kept: BTreeMap::new(),
            bytes: 0,
            cut: BTreeMap::new(),
        }
    }

    /// Whether objects of this kind are to be kept.
    pub(super) fn wants(&self, group: &str, kind: &str) -> bool {
        self.wanted
            .iter()
            .any(|wanted| wanted.kind == kind && wanted.group == group)
    }

    /// Keeps an object that was decoded already.
    pub(super) fn keep(
        &mut self,
        kind: &GroupKind,
        api_version: &str,
        metadata: &ObjectMeta,
        item: Item<'_>,
    ) {
        let Some(json) = json_of(kind, item) else {
            return self.cut(
                kind,
                &format!("{kind} {}: its fields cannot be read", metadata.name),
            );
        };
        if json.len() > LARGEST {
            return self.cut(
                kind,
                &format!("{kind} {} is larger than 4 MiB", metadata.name),
            );
        }
        if self.bytes + json.len() > MOST {
            return self.cut(kind, &format!("the {kind} objects take more than 512 MiB"));
        }
        self.bytes += json.len();
        self.kept
            .entry(kind.clone())
            .or_default()
            .push(WholeObject {
                api_version: crate::kubernetes::Text::new(api_version),
                namespace: metadata.namespace.clone(),
                name: metadata.name.clone(),
                resource_version: metadata.resource_version,
                json: json.into(),
            });
    }

    fn cut(&mut self, kind: &GroupKind, reason: &str) {
        self.cut
            .entry(kind.clone())
            .or_insert_with(|| reason.to_owned());
    }

    /// Hands everything over to a picture that goes on, object by object.
    #[cfg(feature = "live")]
    pub(super) fn pour_on(self, whole: &mut WholeObjects) {
        for (kind, objects) in self.kept {
            for object in objects {
                whole.put(&kind, object);
            }
        }
        for (kind, reason) in self.cut {
            whole.cut(&kind, &reason);
        }
    }

    /// Hands everything over.
    pub(super) fn pour_into(self, whole: &mut WholeObjects) {
        for (kind, objects) in self.kept {
            whole.extend(&kind, objects);
        }
        for (kind, reason) in self.cut {
            whole.cut(&kind, &reason);
        }
    }
}

fn json_of(kind: &GroupKind, item: Item<'_>) -> Option<Vec<u8>> {
    let is_secret = kind.group.is_empty() && kind.kind == "Secret";
    match item.syntax {
        Syntax::Json if !is_secret => {
            let mut short = Vec::new();
            if !without_field_sets(item.bytes, &mut short) {
                short = item.bytes.to_owned();
            }
            Some(short)
        }
        Syntax::Json => redacted(serde_json::from_slice(item.bytes).ok()?),
        Syntax::Yaml => {
            let text = std::str::from_utf8(item.bytes).ok()?;
            let value = yaml::from_str(text).ok()?;
            if is_secret {
                redacted(value)
            } else {
                serde_json::to_vec::<Value>(&value).ok()
            }
        }
    }
}

/// A Secret without what it holds: the names of its keys stay.
fn redacted(mut secret: Value) -> Option<Vec<u8>> {
    for field in ["data", "stringData"] {
        if let Some(Value::Object(values)) = secret.get_mut(field) {
            values
                .values_mut()
                .for_each(|value| *value = REDACTED.into());
        }
    }
    // The last applied manifest repeats them.
    if let Some(Value::Object(annotations)) = secret.pointer_mut("/metadata/annotations") {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    serde_json::to_vec(&secret).ok()
}
