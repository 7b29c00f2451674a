//! Objects with every field in a recording: `whole/<Kind>.<group>-<n>.json`, for the kinds that rules look at.
//!
//! They stand beside the objects that KubeLens reads itself, in documents of their own, so that whoever knows nothing
//! of rules passes over them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kubernetes::{GroupKind, Kind, Text};
use crate::model::{KUBELENS_API_VERSION, without_secrets};
use crate::snapshot::{Snapshot, SnapshotBuilder, WholeObject};
use crate::source::ReadRequest;
use crate::source::items::Item;

/// The kind of a document that holds objects with every field.
const DOCUMENT: &str = "WholeObjects";

/// How many objects stand in one document.
const PER_DOCUMENT: usize = 200;

/// The last applied manifest: a copy of all fields in one text, in which nothing can be found by its name.
const COPY_OF_ALL: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What a recording says of one kind that was kept with every field.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArchivedKind {
    #[serde(default)]
    group: String,
    kind: String,
    /// Whether a kind without a type of its own was listed to its end.
    #[serde(default)]
    listed: bool,
    /// Why not all objects are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<String>,
}

/// Objects of one kind.
#[derive(Deserialize)]
struct Document {
    group: String,
    #[serde(rename = "of")]
    kind: String,
    objects: Vec<Value>,
}

/// Whether what the kind holds is never written: the values of ConfigMaps. Those of Secrets were left out before.
fn is_never_written(kind: &GroupKind) -> bool {
    kind.typed() == Some(Kind::ConfigMap)
}

/// The kinds that a picture holds with every field, as its recording tells of them.
pub(super) fn kinds(snapshot: &Snapshot) -> Vec<ArchivedKind> {
    let whole = snapshot.whole();
    whole
        .kinds()
        .into_iter()
        .map(|kind| ArchivedKind {
            listed: whole.is_listed(&kind),
            cut: if is_never_written(&kind) {
                Some("values of ConfigMaps are never saved".to_owned())
            } else {
                whole.why_cut(&kind).map(str::to_owned)
            },
            group: kind.group,
            kind: kind.kind,
        })
        .collect()
}

/// The documents of a picture's recording, each with its name. Secrets are taken out as of all objects.
pub(super) fn documents(snapshot: &Snapshot) -> serde_json::Result<Vec<(String, Vec<u8>)>> {
    let mut documents = Vec::new();
    let written = snapshot.whole().kinds().into_iter();
    for kind in written.filter(|kind| !is_never_written(kind)) {
        let all = snapshot.whole().all(&kind);
        for (number, part) in all.chunks(PER_DOCUMENT).enumerate() {
            let objects: Vec<Value> = part.iter().map(clean).collect::<Result<_, _>>()?;
            let document = json!({
                "apiVersion": KUBELENS_API_VERSION,
                "kind": DOCUMENT,
                "group": kind.group,
                "of": kind.kind,
                "objects": objects,
            });
            documents.push((
                format!("whole/{kind}-{number}.json"),
                serde_json::to_vec(&document)?,
            ));
        }
    }
    Ok(documents)
}

fn clean(object: &WholeObject) -> serde_json::Result<Value> {
    let mut value: Value = serde_json::from_slice(&object.json)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("apiVersion".to_owned(), object.api_version.as_str().into());
    }
    if let Some(Value::Object(annotations)) = value.pointer_mut("/metadata/annotations") {
        annotations.remove(COPY_OF_ALL);
    }
    without_secrets(&mut value);
    Ok(value)
}

/// What a recording holds with every field, on its way into a picture.
#[derive(Debug, Default)]
pub(crate) struct ArchivedWhole {
    objects: Vec<(GroupKind, WholeObject)>,
}

impl ArchivedWhole {
    /// Takes a document in, as far as it was asked for; says whether it is one.
    pub(crate) fn take(&mut self, request: &ReadRequest, item: Item<'_>) -> bool {
        if item.kind != DOCUMENT {
            return false;
        }
        let Ok(document) = serde_json::from_slice::<Document>(item.bytes) else {
            return true;
        };
        let kind = GroupKind {
            group: document.group,
            kind: document.kind,
        };
        if request.whole.contains(&kind) {
            let read = document.objects.iter().filter_map(whole);
            let wanted = read.filter(|object| {
                object.namespace.is_empty() || request.wants_namespace(&object.namespace)
            });
            self.objects
                .extend(wanted.map(|object| (kind.clone(), object)));
        }
        true
    }

    /// Puts them in the place of what the recording's other objects, which lack fields, were taken for. A kind that
    /// was asked for and not saved that way is unknown, unless there is none of it.
    pub(super) fn pour_into(
        self,
        saved: Vec<ArchivedKind>,
        request: &ReadRequest,
        builder: &mut SnapshotBuilder,
    ) {
        for kind in &request.whole {
            builder.whole_mut().forget(kind);
            let found = saved
                .iter()
                .find(|one| one.kind == kind.kind && one.group == kind.group);
            match found {
                Some(ArchivedKind { listed, cut, .. }) => {
                    if *listed {
                        builder.whole_mut().listed(kind.clone());
                    }
                    if let Some(reason) = cut {
                        builder.whole_mut().cut(kind, reason);
                    }
                }
                None if builder.holds_none(kind) => {
                    if builder.was_listed(kind) {
                        builder.whole_mut().listed(kind.clone());
                    }
                }
                None => builder.whole_mut().cut(
                    kind,
                    "the snapshot was saved without the fields that rules look at; `snapshot save --rules` keeps them",
                ),
            }
        }
        for (kind, object) in self.objects {
            builder.whole_mut().extend(&kind, vec![object]);
        }
    }
}

fn whole(object: &Value) -> Option<WholeObject> {
    let text = |pointer: &str| {
        let found = object.pointer(pointer).and_then(Value::as_str);
        Text::new(found.unwrap_or_default())
    };
    let version = text("/metadata/resourceVersion");
    Some(WholeObject {
        api_version: text("/apiVersion"),
        namespace: text("/metadata/namespace"),
        name: Some(text("/metadata/name")).filter(|name| !name.is_empty())?,
        resource_version: version.parse().ok(),
        json: serde_json::to_vec(object).ok()?.into(),
    })
}
