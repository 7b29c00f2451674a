use super::blamed_object::is_intent;
use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;
use crate::kubernetes::{Labels, Service};
use crate::model::Severity;
use crate::snapshot::Cluster;

/// A Service without ready endpoints is explained by what its pods show, and by what keeps the
/// workloads behind it from making pods.
pub(super) fn edges(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        if seen.code() != "NET001" {
            continue;
        }
        let namespace = seen
            .sighting
            .subject
            .namespace
            .as_deref()
            .unwrap_or_default();
        let Some(service) = cluster.get::<Service>(namespace, &seen.sighting.subject.name) else {
            continue;
        };
        if service.spec.selector.is_empty() {
            continue;
        }
        let pods = cluster
            .pods_behind(service)
            .into_iter()
            .filter(|pod| !pod.is_ready())
            .flat_map(|pod| {
                let key = (
                    "Pod".to_owned(),
                    namespace.to_owned(),
                    pod.metadata.name.to_string(),
                );
                index.shown_by(&key).to_vec()
            });
        let workloads = cluster
            .workloads_in(namespace)
            .into_iter()
            .filter(|workload| selects(&service.spec.selector, workload.pod_labels()))
            .flat_map(|workload| {
                let key = workload.reference().key();
                let mut all = index.with_subject(&key).to_vec();
                all.extend(index.shown_by(&key));
                all
            });
        for cause in pods.chain(workloads) {
            let is_reason = index.get(cause).is_some_and(|reason| {
                reason.code() != "NET001"
                    && !reason.is_shown_by_an_autoscaler()
                    && (reason.severity() > Severity::Info || is_intent(reason.code()))
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

fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}
