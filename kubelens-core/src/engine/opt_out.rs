use jiff::Timestamp;

use crate::analysis::Sighting;
use crate::kubernetes::{Kind, ObjectMeta};
use crate::model::ObjectRef;
use crate::snapshot::Snapshot;

const IGNORE: &str = "kubelens.dev/ignore";
const IGNORE_UNTIL: &str = "kubelens.dev/ignore-until";

/// Whether an annotation on the subject, or on its namespace, asks to leave this code out (G-optout).
pub(super) fn is_ignored(snapshot: &Snapshot, code: &str, sighting: &Sighting) -> bool {
    let subject = metadata_of(snapshot, &sighting.subject);
    let namespace = sighting
        .subject
        .namespace
        .as_ref()
        .and_then(|name| snapshot.tables().metadata(Kind::Namespace, "", name));
    [subject, namespace]
        .into_iter()
        .flatten()
        .any(|meta| asks_to_ignore(meta, code, snapshot.taken_at()))
}

fn metadata_of<'a>(snapshot: &'a Snapshot, object: &ObjectRef) -> Option<&'a ObjectMeta> {
    let kind = Kind::from_manifest(&object.api_version, &object.kind)?;
    let namespace = object.namespace.as_deref().unwrap_or_default();
    snapshot.tables().metadata(kind, namespace, &object.name)
}

fn asks_to_ignore(meta: &ObjectMeta, code: &str, now: Option<Timestamp>) -> bool {
    let Some(codes) = meta.annotations.value(IGNORE) else {
        return false;
    };
    let until = meta
        .annotations
        .value(IGNORE_UNTIL)
        .and_then(|until| until.parse::<Timestamp>().ok());
    let is_over = matches!((until, now), (Some(until), Some(now)) if until < now);
    !is_over && codes.split(',').any(|known| known.trim() == code)
}
