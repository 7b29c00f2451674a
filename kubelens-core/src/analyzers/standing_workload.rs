//! Workloads whose template a person could change, and where in it something stands.

use crate::kubernetes::{Container, ContainerRole, Labels, Service, condition};
use crate::model::some_of;
use crate::snapshot::{Cluster, Workload};

/// The namespaces of the cluster's own parts, which come with it and are not for its users to change.
const CLUSTERS_OWN: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Whether a namespace holds the cluster's own parts.
pub(super) fn is_clusters_own(namespace: &str) -> bool {
    CLUSTERS_OWN.contains(&namespace)
}

/// Whether a change to the workload still changes anything: it is not being deleted, and not a run that is over.
pub(super) fn stands(workload: &Workload<'_>) -> bool {
    let is_over = match workload {
        Workload::Pod(pod) => pod.is_finished() || pod.is_static(),
        Workload::Job(job) => ["Complete", "Failed"]
            .iter()
            .any(|end| condition(&job.status.conditions, end).is_some_and(|end| end.is_true())),
        _ => false,
    };
    !is_over && !workload.metadata().is_terminating()
}

/// The same, outside of the cluster's own namespaces.
pub(super) fn stands_for_users(workload: &Workload<'_>) -> bool {
    stands(workload) && !is_clusters_own(&workload.metadata().namespace)
}

/// Where a container stands in the workload: `spec.template.spec.containers[web]`.
pub(super) fn container_path(
    workload: &Workload<'_>,
    role: ContainerRole,
    container: &Container,
) -> String {
    let list = match role {
        ContainerRole::App => "containers",
        ContainerRole::Init | ContainerRole::Sidecar => "initContainers",
    };
    format!("{}.{list}[{}]", workload.pod_spec_path(), container.name)
}

/// The Services that send their traffic to the workload's pods.
pub(super) fn services_of<'a>(cluster: &Cluster<'a>, workload: &Workload<'a>) -> Vec<&'a Service> {
    cluster
        .in_namespace::<Service>(&workload.metadata().namespace)
        .filter(|service| selects(service, workload.pod_labels()))
        .collect()
}

/// Whether a Service selects pods with these labels; one without a selector selects none.
pub(super) fn selects(service: &Service, labels: &Labels) -> bool {
    service.selects(labels)
}

/// `Container a`, `Containers a, b and 2 more`, and the verb that goes with it.
pub(super) fn containers_in_words(names: &[&str]) -> (String, &'static str) {
    let list = some_of(names, 3);
    if names.len() == 1 {
        (format!("Container {list}"), "has")
    } else {
        (format!("Containers {list}"), "have")
    }
}
