use std::collections::BTreeMap;

use super::index::Index;
use crate::kubernetes::{Ingress, Object, Pod, Service};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// A Service that nothing serves any more: each of its pods is among those that a fault stops.
#[derive(Debug)]
pub(super) struct Front {
    /// The first of its pods, by name.
    pub(super) pod: ObjectRef,
    pub(super) service: ObjectRef,
    /// Ingresses that name it as a backend, or that it publishes.
    pub(super) ingresses: Vec<ObjectRef>,
}

/// What serves only through the pods that show these sightings, and so serves no longer.
pub(super) fn fronts(index: &Index<'_>, members: &[usize], cluster: &Cluster<'_>) -> Vec<Front> {
    let mut stopped: BTreeMap<(&str, &str), &Pod> = BTreeMap::new();
    for pod in members.iter().filter_map(|at| index.get(*at)?.pod) {
        if !pod.is_ready() {
            stopped.insert((&pod.metadata.namespace, &pod.metadata.name), pod);
        }
    }
    let mut namespaces: Vec<&str> = stopped.keys().map(|(namespace, _)| *namespace).collect();
    namespaces.dedup();
    let mut all = Vec::new();
    for service in namespaces
        .into_iter()
        .flat_map(|namespace| cluster.in_namespace::<Service>(namespace))
    {
        let behind: Vec<&Pod> = cluster
            .pods_behind(service)
            .into_iter()
            .filter(|pod| pod.is_live())
            .collect();
        let is_stopped =
            |pod: &&Pod| stopped.contains_key(&(&*pod.metadata.namespace, &*pod.metadata.name));
        let first = behind.iter().min_by_key(|pod| &pod.metadata.name);
        if let Some(first) = first
            && behind.iter().all(is_stopped)
        {
            all.push(Front {
                pod: first.reference(),
                service: service.reference(),
                ingresses: ingresses_to(service, cluster),
            });
        }
    }
    all
}

fn ingresses_to(service: &Service, cluster: &Cluster<'_>) -> Vec<ObjectRef> {
    let name = &service.metadata.name;
    let published = cluster
        .all::<Ingress>()
        .filter(|ingress| service.publishes(ingress));
    let mut all: Vec<ObjectRef> = cluster
        .in_namespace::<Ingress>(&service.metadata.namespace)
        .filter(|ingress| ingress.spec.backends().any(|backend| backend.name == *name))
        .chain(published)
        .map(Object::reference)
        .collect();
    all.sort();
    all.dedup();
    all
}
