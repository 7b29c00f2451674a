use std::collections::BTreeMap;

use super::index::Index;
use crate::kubernetes::{Ingress, Object, Pod, Service};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// What suffers from a cause, the subject aside: owners of the pods that show it, what folded into
/// it, and what serves only through the pods that it stops.
pub(super) fn affected(
    index: &Index<'_>,
    members: &[usize],
    subject: &ObjectRef,
    cluster: &Cluster<'_>,
    is_hurting: bool,
) -> Vec<ObjectRef> {
    let mut all: BTreeMap<(String, String, String), ObjectRef> = BTreeMap::new();
    let mut pods: BTreeMap<(String, String), &Pod> = BTreeMap::new();
    for member in members {
        let Some(seen) = index.get(*member) else {
            continue;
        };
        if let (Some(pod), Some(top)) = (seen.pod, &seen.top) {
            pods.insert(
                (
                    pod.metadata.namespace.to_string(),
                    pod.metadata.name.to_string(),
                ),
                pod,
            );
            all.insert(top.key(), top.clone());
        } else {
            let shown = &seen.sighting.seen_on;
            all.insert(shown.key(), shown.clone());
        }
        let own = &seen.sighting.subject;
        if own.kind != "Pod" || seen.pod.is_none() {
            all.insert(own.key(), own.clone());
        }
    }
    if is_hurting {
        for service in services_only_behind(&pods, cluster) {
            for ingress in ingresses_to(service, cluster) {
                all.insert(ingress.key(), ingress);
            }
            let service = service.reference();
            all.insert(service.key(), service);
        }
    }
    all.remove(&subject.key());
    all.into_values().collect()
}

/// Services all of whose pods are among these and not ready.
fn services_only_behind<'a>(
    pods: &BTreeMap<(String, String), &Pod>,
    cluster: &Cluster<'a>,
) -> Vec<&'a Service> {
    let mut namespaces: Vec<&String> = pods.keys().map(|(namespace, _)| namespace).collect();
    namespaces.dedup();
    let is_stopped = |pod: &&Pod| {
        !pod.is_ready()
            && pods.contains_key(&(
                pod.metadata.namespace.to_string(),
                pod.metadata.name.to_string(),
            ))
    };
    namespaces
        .into_iter()
        .flat_map(|namespace| cluster.in_namespace::<Service>(namespace))
        .filter(|service| {
            let behind: Vec<&Pod> = cluster
                .pods_behind(service)
                .into_iter()
                .filter(|pod| pod.is_live())
                .collect();
            !behind.is_empty() && behind.iter().all(is_stopped)
        })
        .collect()
}

/// Ingresses that name the Service as a backend.
fn ingresses_to(service: &Service, cluster: &Cluster<'_>) -> Vec<ObjectRef> {
    let name = &service.metadata.name;
    cluster
        .in_namespace::<Ingress>(&service.metadata.namespace)
        .filter(|ingress| ingress.spec.backends().any(|backend| backend.name == *name))
        .map(Object::reference)
        .collect()
}
