use super::nameless_set;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Key};
use crate::kubernetes::{Labels, Object, Service};
use crate::model::{ObjectRef, Severity};
use crate::snapshot::Cluster;

/// A Service without ready endpoints is explained by what its pods show, and by what keeps the
/// workloads behind it from making pods.
pub(super) fn edges(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        if seen.code() != "NET001" {
            continue;
        }
        let mut reasons: Vec<usize> = behind(cluster, &seen.sighting.subject)
            .into_iter()
            .flat_map(|object| match object {
                Behind::Pod(key) => index.shown_by(&key).to_vec(),
                Behind::Workload(key) => {
                    let mut all = index.with_subject(&key).to_vec();
                    all.extend(index.shown_by(&key));
                    all
                }
            })
            .collect();
        nameless_set::leave_out(index, &seen.sighting.subject.key(), &mut reasons);
        for cause in reasons {
            let is_reason = index.get(cause).is_some_and(|reason| {
                reason.code() != "NET001"
                    && !reason.is_shown_by_an_autoscaler()
                    && (reason.severity() == Severity::Critical
                        || reason.pod.is_some()
                        || reason.code() == "ROL016"
                        || reason.code().starts_with("ROL0"))
            });
            if is_reason && cause != effect {
                edges.push(Edge {
                    effect,
                    cause,
                    confidence: 0.96,
                    relation: "selects",
                });
            }
        }
    }
    edges
}

/// What stands behind a Service.
#[derive(Debug)]
pub(in crate::diagnosis) enum Behind {
    /// A pod that it selects and that is not ready.
    Pod(Key),
    /// A workload whose pods it selects.
    Workload(Key),
}

/// The pods that a Service selects and that are not ready, and the workloads whose pods it selects.
pub(in crate::diagnosis) fn behind(cluster: &Cluster<'_>, service: &ObjectRef) -> Vec<Behind> {
    let namespace = service.namespace.as_deref().unwrap_or_default();
    let Some(service) = cluster.get::<Service>(namespace, &service.name) else {
        return Vec::new();
    };
    let selector = &service.spec.selector;
    if selector.is_empty() {
        return Vec::new();
    }
    let pods = cluster.pods_behind(service).into_iter();
    let pods = pods
        .filter(|pod| !pod.is_ready())
        .map(|pod| Behind::Pod(pod.reference().key()));
    let workloads = cluster.workloads_in(namespace).into_iter();
    let workloads = workloads
        .filter(|workload| selects(selector, workload.pod_labels()))
        .map(|workload| Behind::Workload(workload.reference().key()));
    pods.chain(workloads).collect()
}

fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}
