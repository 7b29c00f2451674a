//! Requests that nobody wrote: what the defaults of a LimitRange, or a VerticalPodAutoscaler, put into a pod.

use crate::kubernetes::Object;
use crate::kubernetes::{LimitRange, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// Where the admission plugin LimitRanger writes what it set.
const NOTE: &str = "kubernetes.io/limit-ranger";

/// What the plugin says that it set, where requests are among it.
fn said(pod: &Pod) -> Option<&str> {
    let note = pod.metadata.annotations.value(NOTE)?;
    // Without a request of its own, a container asks for its default limit.
    (note.contains("request for") || note.contains("limit for")).then_some(note)
}

/// Where the admission of VerticalPodAutoscalers writes what it set.
const UPDATES: &str = "vpaUpdates";

/// What the VerticalPodAutoscaler set, as its admission says, and its name.
fn recommended(pod: &Pod) -> Option<(&str, &str)> {
    let note = pod.metadata.annotations.value(UPDATES)?;
    let (name, set) = note
        .strip_prefix("Pod resources updated by ")?
        .split_once(':')?;
    set.contains("request").then_some((note, name))
}

/// Names the VerticalPodAutoscaler of the pod.
fn autoscaler(pod: &Pod, name: &str) -> String {
    format!("VerticalPodAutoscaler {}/{name}", pod.metadata.namespace)
}

/// The LimitRange of the namespace that has defaults; none where several have.
fn origin<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Option<&'a LimitRange> {
    let has_defaults = |range: &&LimitRange| {
        range
            .spec
            .limits
            .iter()
            .any(|item| !item.default.is_empty() || !item.default_request.is_empty())
    };
    let mut all = cluster
        .in_namespace::<LimitRange>(&pod.metadata.namespace)
        .filter(has_defaults);
    all.next().filter(|_| all.next().is_none())
}

/// Where the requests come from, as a sentence with a blank before it; empty where they are the
/// template's own. Who calls it reads LimitRange.
pub(super) fn note(cluster: &Cluster<'_>, pod: &Pod) -> String {
    if let Some((_, name)) = recommended(pod) {
        let whose = autoscaler(pod, name);
        return format!(" Its template does not ask for that: {whose} recommends it.");
    }
    if said(pod).is_none() {
        return String::new();
    }
    let whose = origin(cluster, pod).map_or_else(
        || "a LimitRange of the namespace".to_owned(),
        |range| range.reference().to_string(),
    );
    format!(" Its template does not ask for that: the defaults of {whose} put it in.")
}

/// The words of whoever set them, as proof.
pub(super) fn proof(pod: &Pod) -> Option<Evidence> {
    let (key, note) = match recommended(pod) {
        Some((note, _)) => (UPDATES, note),
        None => (NOTE, said(pod)?),
    };
    let path = format!("metadata.annotations[{key}]");
    Some(Evidence::message(pod.reference(), &path, note))
}

/// What to do about it. Who calls it reads LimitRange.
pub(super) fn advice(cluster: &Cluster<'_>, pod: &Pod, top: &ObjectRef) -> Option<String> {
    if let Some((_, name)) = recommended(pod) {
        let whose = autoscaler(pod, name);
        return Some(format!(
            "Set maxAllowed in the resourcePolicy of {whose} to what a node can give, or stop its updates (updateMode: \"Off\")"
        ));
    }
    said(pod)?;
    let whose = origin(cluster, pod).map_or_else(
        || "the LimitRange".to_owned(),
        |range| range.reference().to_string(),
    );
    Some(format!(
        "Write requests into the template of {top}, or lower defaultRequest in {whose}"
    ))
}
