use jiff::Timestamp;

use crate::analysis::Sighting;
use crate::kubernetes::{Kind, ObjectMeta};
use crate::snapshot::Cluster;

const IGNORE: &str = "kubelens.dev/ignore";
const IGNORE_UNTIL: &str = "kubelens.dev/ignore-until";

/// Whether an annotation on the subject, or on its namespace, asks to leave this code out (G-optout).
pub(super) fn is_ignored(cluster: &Cluster<'_>, code: &str, sighting: &Sighting) -> bool {
    let object = &sighting.subject;
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let subject = Kind::from_manifest(&object.api_version, &object.kind)
        .and_then(|kind| cluster.metadata(kind, namespace, &object.name));
    let namespace = object
        .namespace
        .as_ref()
        .and_then(|name| cluster.metadata(Kind::Namespace, "", name));
    [subject, namespace]
        .into_iter()
        .flatten()
        .any(|meta| asks_to_ignore(cluster, meta, code))
}

fn asks_to_ignore(cluster: &Cluster<'_>, meta: &ObjectMeta, code: &str) -> bool {
    let Some(codes) = meta.annotations.value(IGNORE) else {
        return false;
    };
    let until = meta
        .annotations
        .value(IGNORE_UNTIL)
        .and_then(|until| until.parse::<Timestamp>().ok());
    // Without an instant of the picture nothing is over.
    let is_over = cluster.snapshot().taken_at().is_some()
        && until.is_some_and(|until| !cluster.is_within(Some(until), 0));
    !is_over && codes.split(',').any(|known| known.trim() == code)
}
