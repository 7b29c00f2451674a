//! What stands behind a Service now.

use crate::kubernetes::{Condition, Endpoints, Kind, Pod, Service, condition};
use crate::snapshot::{Cluster, Workload};

/// How many endpoints of a Service take traffic now; none where that is not known. For a Service
/// with a selector its pods tell it, else what somebody wrote as its endpoints.
pub(in crate::analyzers) fn ready_endpoints(
    cluster: &Cluster<'_>,
    service: &Service,
) -> Option<usize> {
    let namespace = service.metadata.namespace.as_str();
    if !service.spec.selector.is_empty() && cluster.is_complete(Kind::Pod, namespace) {
        return Some(
            live_pods(cluster, service)
                .iter()
                .filter(|pod| service.spec.publish_not_ready_addresses || pod.is_ready())
                .count(),
        );
    }
    if cluster.is_complete(Kind::EndpointSlice, namespace) {
        let ready = cluster
            .slices_of(service)
            .flat_map(|slice| slice.endpoints.iter())
            .filter(|endpoint| endpoint.conditions.ready != Some(false))
            .count();
        return Some(ready);
    }
    if cluster.is_complete(Kind::Endpoints, namespace) {
        let ready = cluster
            .get::<Endpoints>(namespace, &service.metadata.name)
            .map_or(0, |endpoints| {
                endpoints
                    .subsets
                    .iter()
                    .map(|subset| subset.addresses.len())
                    .sum()
            });
        return Some(ready);
    }
    None
}

/// The pods that a Service selects and that are meant to serve.
pub(in crate::analyzers) fn live_pods<'a>(
    cluster: &Cluster<'a>,
    service: &Service,
) -> Vec<&'a Pod> {
    let namespace = service.metadata.namespace.as_str();
    let Some(service) = cluster.get::<Service>(namespace, &service.metadata.name) else {
        return Vec::new();
    };
    cluster
        .pods_behind(service)
        .into_iter()
        .filter(|pod| pod.is_live())
        .collect()
}

/// The workloads whose pods a Service selects, whether or not they have any.
pub(in crate::analyzers) fn workloads_behind<'a>(
    cluster: &Cluster<'a>,
    service: &Service,
) -> Vec<Workload<'a>> {
    if service.spec.selector.is_empty() {
        return Vec::new();
    }
    cluster
        .workloads_in(&service.metadata.namespace)
        .into_iter()
        .filter(|workload| workload.pod_labels().holds(&service.spec.selector))
        .collect()
}

/// Whether a controller is on its way from one state to another and has time left (G-roll).
pub(in crate::analyzers) fn is_rolling(cluster: &Cluster<'_>, workload: &Workload<'_>) -> bool {
    match workload {
        Workload::Deployment(deployment) => {
            let status = &deployment.status;
            let deadline = deployment
                .spec
                .progress_deadline_seconds
                .unwrap_or(cluster.thresholds(&deployment.metadata).progress_default);
            let is_behind = status.observed_generation < deployment.metadata.generation
                && status.observed_generation.is_some();
            is_behind
                || condition(&status.conditions, "Progressing").is_some_and(|progress| {
                    progress.is_true()
                        && matches!(
                            progress.reason.as_str(),
                            "NewReplicaSetCreated" | "FoundNewReplicaSet" | "ReplicaSetUpdated"
                        )
                        && cluster.is_within(last_change(progress), deadline)
                })
        }
        Workload::StatefulSet(set) => {
            set.status.update_revision != set.status.current_revision
                && cluster
                    .controlled_pods(&set.metadata)
                    .any(|pod| cluster.age(&pod.metadata) < 300)
        }
        _ => false,
    }
}

fn last_change(condition: &Condition) -> Option<jiff::Timestamp> {
    condition
        .last_update_time
        .or(condition.last_transition_time)
}

/// Whether nothing behind a Service has taken traffic for longer than a start or a rollout takes. A
/// workload that rests on purpose is not down.
pub(in crate::analyzers) fn is_down(cluster: &Cluster<'_>, service: &Service) -> bool {
    let grace = cluster.thresholds(&service.metadata).endpoint_grace;
    if service.spec.type_ == "ExternalName"
        || cluster.age(&service.metadata) < grace
        || ready_endpoints(cluster, service) != Some(0)
    {
        return false;
    }
    let workloads = workloads_behind(cluster, service);
    let rests = !workloads.is_empty() && workloads.iter().all(Workload::is_resting);
    if rests
        || workloads
            .iter()
            .any(|workload| is_rolling(cluster, workload))
    {
        return false;
    }
    live_pods(cluster, service).iter().all(|pod| {
        let since = pod
            .condition("Ready")
            .and_then(|ready| ready.last_transition_time)
            .or(pod.metadata.creation_timestamp);
        cluster.seconds_since(since) > grace
    })
}
