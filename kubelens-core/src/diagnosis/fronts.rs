use std::collections::BTreeMap;

use super::index::Index;
use crate::kubernetes::{Ingress, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// A Service that nothing serves any more: each of its pods is among those that a fault stops.
#[derive(Debug)]
pub(super) struct Front {
    /// The first of its pods, by name.
    pub(super) pod: ObjectRef,
    pub(super) service: ObjectRef,
    /// That the Service selects the pod.
    pub(super) selects: Evidence,
    /// Ingresses that name it as a backend, or that it publishes, with the field that says so.
    pub(super) ingresses: BTreeMap<ObjectRef, Evidence>,
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
    let selects_stopped = |service: &&Service| {
        let namespace = service.metadata.namespace.as_str();
        let of_namespace = stopped.range((namespace, "")..);
        of_namespace
            .take_while(|((known, _), _)| *known == namespace)
            .any(|(_, pod)| service.selects(&pod.metadata.labels))
    };
    let mut all = Vec::new();
    // The pods of other Services are not asked for: whatever becomes of them, those are no fronts.
    for service in namespaces
        .into_iter()
        .flat_map(|namespace| cluster.in_namespace::<Service>(namespace))
        .filter(selects_stopped)
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
                selects: Evidence::field(
                    service.reference(),
                    "spec.selector",
                    &service.spec.selector,
                ),
                ingresses: ingresses_to(service, cluster),
            });
        }
    }
    all
}

fn ingresses_to(service: &Service, cluster: &Cluster<'_>) -> BTreeMap<ObjectRef, Evidence> {
    let name = &service.metadata.name;
    let published = cluster
        .all::<Ingress>()
        .filter(|ingress| service.publishes(ingress))
        .map(|ingress| (ingress, "status.loadBalancer.ingress"));
    let named = cluster
        .in_namespace::<Ingress>(&service.metadata.namespace)
        .filter(|ingress| ingress.spec.backends().any(|backend| backend.name == *name))
        .map(|ingress| (ingress, "spec.rules[].http.paths[].backend.service.name"));
    published
        .chain(named)
        .map(|(ingress, path)| {
            let own = ingress.reference();
            (own.clone(), Evidence::field(own, path, name))
        })
        .collect()
}
