//! Pods that a custom resource runs to their end: steps of a workflow, tests, builds.

use crate::kubernetes::{Condition, CustomObject, Kind, Pod};
use crate::snapshot::Cluster;

/// The custom resource that controls the pod, where the pod is run once and not served by.
fn run_of<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Option<&'a CustomObject> {
    let owner = pod
        .metadata
        .controller()
        .filter(|_| pod.spec.restart_policy == "Never")?;
    cluster
        .custom(&owner.kind)
        .iter()
        .map(|object| &**object)
        .find(|object| {
            object.metadata.namespace == pod.metadata.namespace
                && object.metadata.name == owner.name.as_str()
        })
}

/// Whether the run that the pod is a step of got its work done: then a step that failed was forgiven.
pub(crate) fn has_succeeded(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    let Some(run) = run_of(cluster, pod) else {
        return false;
    };
    let phase = run.status_text("/phase");
    let is_true = |type_| {
        run.condition(type_)
            .as_ref()
            .is_some_and(Condition::is_true)
    };
    matches!(phase, "Succeeded" | "Completed" | "Complete" | "Successful")
        || is_true("Succeeded")
        || is_true("Complete")
}

/// Whether the pod is a single run of something that no kind here stands for.
pub(crate) fn is_step(pod: &Pod) -> bool {
    pod.spec.restart_policy == "Never"
        && pod
            .metadata
            .controller()
            .is_some_and(|owner| Kind::from_manifest(&owner.api_version, &owner.kind).is_none())
}

/// Whether the pod is one of many runs that something makes without owning them, as runners of a build
/// system do: a result that is not good is not a fault of the cluster.
pub(crate) fn is_one_of_many_runs(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    let is_run =
        |pod: &Pod| pod.spec.restart_policy == "Never" && pod.metadata.owner_references.is_empty();
    let is_alike = |other: &Pod| {
        let names = |pod: &Pod| -> Vec<String> {
            let all = pod.spec.containers.iter();
            all.map(|container| container.name.to_string()).collect()
        };
        other.metadata.name != pod.metadata.name
            && is_run(other)
            && names(other) == names(pod)
            && (other.has_succeeded() || other.status.phase == "Running")
    };
    is_run(pod)
        && cluster
            .in_namespace::<Pod>(&pod.metadata.namespace)
            .any(is_alike)
}

/// Whether what the pod's program said and how it ended matters to nobody who looks after the cluster.
pub(crate) fn is_forgiven(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    pod.status.phase == "Failed"
        && (has_succeeded(cluster, pod) || is_one_of_many_runs(cluster, pod))
}
