//! What all custom resources that fail have in common: their proof, and whom they point at.

use super::bad_condition::{changed, evidence, words};
use super::children::children_of;
use super::failed_part::failed_parts;
use super::named_object::named_in;
use super::package_of_group::packages_for;
use super::reference::{
    Reference, found, is_absent, located, missing, missing_behind, missing_unsaid, references,
};
use crate::analysis::{AWAITS, Sighting, Sink};
use crate::kubernetes::{Condition, CustomObject, Event, Kind};
use crate::model::{Evidence, ObjectRef, Suggestion, gist, safe_text};
use crate::snapshot::Cluster;

/// Most conditions that are shown as proof.
const MOST_CONDITIONS: usize = 4;

/// Most letters of a message in a title.
const MOST_LETTERS: usize = 180;

/// A custom resource that fails, with its conditions as proof. It points at what its messages name, at the
/// custom resources that its spec names, and at what it owns.
pub(super) fn failing(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    title: impl Into<String>,
    explanation: impl Into<String>,
    conditions: &[Condition],
) -> Sighting {
    let own = object.reference();
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .all_evidence(
            conditions
                .iter()
                .take(MOST_CONDITIONS)
                .map(|condition| evidence(object, condition)),
        )
        .since(conditions.first().and_then(changed))
        .suggest(describe(object));
    for condition in conditions {
        sighting = pointing(cluster, object, sighting, &condition.message);
    }
    for (path, text) in failed_parts(object) {
        sighting = sighting.evidence(Evidence::message(own.clone(), &path, &text));
        sighting = pointing(cluster, object, sighting, &text);
    }
    if let Some(event) = newest_warning(cluster, object) {
        sighting = pointing(cluster, object, sighting.event(event), &event.message);
    }
    for reference in references(cluster, object) {
        let reference = located(cluster, reference);
        if !is_typed(&reference.object)
            && let Some(named) = found(cluster, &reference.object)
        {
            let relation = relation_to(named, "refers to");
            sighting = blaming(sighting, reference.object, relation);
            for child in children_of(cluster, named) {
                sighting = blaming(sighting, child, "refers to");
            }
        }
    }
    for child in children_of(cluster, object) {
        let relation = found(cluster, &child).map_or("owns", |child| relation_to(child, "owns"));
        sighting = blaming(sighting, child, relation);
    }
    for whole in wholes_of(cluster, object) {
        sighting = blaming(sighting, whole.reference(), "belongs to");
    }
    blaming(sighting, own, "owns")
}

/// How a failing resource hangs together with another one: it waits for one on which no operator has worked.
fn relation_to(other: &CustomObject, relation: &'static str) -> &'static str {
    let is_untouched = other
        .status
        .as_object()
        .is_none_or(serde_json::Map::is_empty);
    if is_untouched { AWAITS } else { relation }
}

/// Labels that name the resource of the same project that an object is a part of: `strimzi.io/cluster`,
/// `cluster.x-k8s.io/cluster-name`.
const WHOLE: [&str; 2] = ["/cluster", "/cluster-name"];

/// The resources of the same project that the labels of an object name.
fn wholes_of<'a>(cluster: &Cluster<'a>, object: &CustomObject) -> Vec<&'a CustomObject> {
    let names: Vec<&str> = object
        .metadata
        .labels
        .iter()
        .filter(|(key, _)| WHOLE.iter().any(|ending| key.ends_with(ending)))
        .map(|(_, value)| value.as_str())
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    cluster
        .all_customs()
        .filter(|other| {
            other.group() == object.group()
                && other.kind != object.kind
                && other.metadata.namespace == object.metadata.namespace
                && names.contains(&other.metadata.name.as_str())
        })
        .collect()
}

/// The newest warning that the operator wrote about the object: it often says more than the conditions.
fn newest_warning<'a>(cluster: &Cluster<'a>, object: &CustomObject) -> Option<&'a Event> {
    let meta = &object.metadata;
    let window = cluster.thresholds(meta).event_window;
    cluster
        .events_about(&object.kind, &meta.namespace, &meta.name, "")
        .rev()
        .find(|event| event.is_warning() && cluster.is_within(event.last_seen(), window))
}

/// The same sighting, pointing at what a message names.
pub(super) fn pointing(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    mut sighting: Sighting,
    message: &str,
) -> Sighting {
    for named in named_in(cluster, message, &object.metadata.namespace) {
        for standing in workloads_called(cluster, &named) {
            sighting = blaming(sighting, standing, "named in its status");
        }
        sighting = blaming(sighting, named, "named in its status");
    }
    for package in packages_for(cluster, message) {
        sighting = blaming(sighting, package.reference(), "served by");
    }
    sighting
}

/// The workloads that a message means by `pod web`, where no pod is called so.
fn workloads_called(cluster: &Cluster<'_>, pod: &ObjectRef) -> Vec<ObjectRef> {
    if pod.kind != "Pod" || cluster.metadata_of(pod).is_some() {
        return Vec::new();
    }
    [Kind::DaemonSet, Kind::Deployment, Kind::StatefulSet]
        .into_iter()
        .map(|kind| ObjectRef {
            api_version: kind.api_version().into(),
            kind: kind.as_str().into(),
            ..pod.clone()
        })
        .filter(|workload| cluster.metadata_of(workload).is_some())
        .collect()
}

/// The same sighting, pointing at an object once.
pub(super) fn blaming(sighting: Sighting, object: ObjectRef, relation: &'static str) -> Sighting {
    let is_known = sighting
        .blames
        .iter()
        .any(|blame| blame.object.is_same(&object));
    if is_known {
        sighting
    } else {
        sighting.blames(object, relation)
    }
}

/// Reports a failing custom resource: where it fails because something that it refers to is not there, that
/// is what has to be made.
pub(super) fn report(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    sighting: Sighting,
    conditions: &[Condition],
    sink: &mut Sink,
) {
    let messages = conditions
        .iter()
        .map(|condition| condition.message.as_str());
    report_saying(
        cluster,
        object,
        sighting,
        &messages.collect::<Vec<_>>(),
        sink,
    );
}

/// The same of messages that are no conditions.
pub(super) fn report_saying(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    sighting: Sighting,
    messages: &[&str],
    sink: &mut Sink,
) {
    let mut missing = missing(cluster, object, messages);
    if missing.is_empty() {
        missing = missing_behind(cluster, object, messages);
    }
    if let Some(event) = newest_warning(cluster, object).filter(|_| missing.is_empty()) {
        missing = self::missing(cluster, object, &[&event.message]);
    }
    if missing.is_empty() && messages.iter().all(|message| message.is_empty()) {
        missing = missing_unsaid(cluster, object);
    }
    if missing.is_empty() {
        sink.report(sighting);
        return;
    }
    for reference in missing {
        sink.report(without_it(cluster, object, &sighting, &reference));
    }
}

/// The fault of a reference that names nothing, as the failing resource shows it.
pub(super) fn without_it(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    failing: &Sighting,
    reference: &Reference,
) -> Sighting {
    let own = object.reference();
    let subject = reference.object.clone();
    let mut sighting = Sighting::of(
        subject.clone(),
        format!("{subject} does not exist, and {own} needs it"),
        format!(
            "{own} names it in {}, and fails without it.",
            reference.path
        ),
    )
    .seen_on(own.clone(), "refers to")
    .evidence(Evidence::field(
        own.clone(),
        &reference.path,
        &reference.object.name,
    ));
    if is_absent(cluster, &subject) {
        sighting = sighting.evidence(Evidence::absence(subject.clone(), "not there"));
    }
    sighting = sighting
        .all_evidence(failing.evidence.iter().cloned())
        .since(failing.since)
        .suggest(Suggestion::advice(format!(
            "Create {subject}, or correct {} of {own}",
            reference.path
        )))
        .suggest(describe(object))
        .blames(subject, "same object");
    sighting.severity = failing.severity;
    sighting.confidence = failing.confidence;
    sighting
}

/// `ScaledObject shop/web is not ready: ScaledObjectCheckFailed: …`, shortened.
pub(super) fn title(object: &CustomObject, state: &str, condition: &Condition) -> String {
    titled(object, state, &words(condition))
}

/// The same, of words that are no condition.
pub(super) fn titled(object: &CustomObject, state: &str, words: &str) -> String {
    let words = gist(&safe_text(words), MOST_LETTERS);
    if words.is_empty() {
        format!("{} {state}", object.reference())
    } else {
        format!("{} {state}: {words}", object.reference())
    }
}

/// How to look at a custom resource.
pub(super) fn describe(object: &CustomObject) -> Suggestion {
    let meta = &object.metadata;
    let namespace = if meta.namespace.is_empty() {
        String::new()
    } else {
        format!("-n {} ", meta.namespace)
    };
    Suggestion::look(
        "Read its status",
        format!(
            "kubectl {namespace}describe {}.{} {}",
            object.kind.to_lowercase(),
            object.group(),
            meta.name
        ),
    )
}

fn is_typed(object: &ObjectRef) -> bool {
    Kind::from_manifest(&object.api_version, &object.kind).is_some()
}
