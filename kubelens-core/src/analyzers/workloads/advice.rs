//! Commands that the suggestions of this family share.

use crate::kubernetes::{ContainerView, Pod};
use crate::model::{ObjectRef, Suggestion};

/// Reads the log of the run that ended last.
pub(super) fn read_last_log(pod: &Pod, container: &ContainerView<'_>) -> Suggestion {
    let meta = &pod.metadata;
    let has_earlier_run = container
        .status
        .is_some_and(|status| status.last_state.terminated.is_some());
    let previous = if has_earlier_run { " --previous" } else { "" };
    Suggestion::look(
        "Read how the last run ended",
        format!(
            "kubectl -n {} logs {} -c {}{previous} --tail=60",
            meta.namespace,
            meta.name,
            container.name()
        ),
    )
}

/// Reads the log of a container, or of the run before.
pub(super) fn read_log(pod: &Pod, container: &str, of_the_run_before: bool) -> Suggestion {
    let meta = &pod.metadata;
    let previous = if of_the_run_before { " --previous" } else { "" };
    Suggestion::look(
        "Read the log",
        format!(
            "kubectl -n {} logs {} -c {container}{previous} --tail=60",
            meta.namespace, meta.name
        ),
    )
}

/// Shows the pod with its events.
pub(super) fn describe_pod(pod: &Pod) -> Suggestion {
    let meta = &pod.metadata;
    Suggestion::look(
        "See the pod and its events",
        format!("kubectl -n {} describe pod {}", meta.namespace, meta.name),
    )
}

/// The object as kubectl takes it: `deployment/web`; none where its kind needs a group.
pub(super) fn kubectl_name(object: &ObjectRef) -> Option<String> {
    let known = [
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "Pod",
    ];
    known
        .contains(&object.kind.as_str())
        .then(|| format!("{}/{}", object.kind.to_lowercase(), object.name))
}

/// Opens the workload in an editor; what to change in it stands in `text`.
pub(super) fn edit(top: &ObjectRef, text: impl Into<String>) -> Suggestion {
    let namespace = top.namespace.as_deref().unwrap_or_default();
    match kubectl_name(top).filter(|_| !matches!(top.kind.as_str(), "Pod" | "Job")) {
        Some(name) => Suggestion::run(
            text,
            format!("kubectl -n {namespace} edit {name}"),
            crate::model::Risk::Low,
        ),
        None => Suggestion::advice(text),
    }
}
