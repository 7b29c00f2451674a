use std::collections::{BTreeMap, HashMap};

use super::index::Index;
use crate::kubernetes::{Ingress, Object, Pod, Service, Text};
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
    let services: BTreeMap<(&str, &str), &Service> = stopped
        .values()
        .flat_map(|pod| selecting(cluster, pod))
        .map(|service| {
            let meta = &service.metadata;
            ((&*meta.namespace, &*meta.name), service)
        })
        .collect();
    let mut all = Vec::new();
    // The pods of other Services are not asked for: whatever becomes of them, those are no fronts.
    for service in services.into_values() {
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

/// The Services of a namespace by one pair of their selector: the one that the fewest of them share.
struct ByPair(HashMap<(Text, Text), Vec<Text>>);

impl ByPair {
    fn of(cluster: &Cluster<'_>, namespace: &str) -> Self {
        let services: Vec<&Service> = cluster.in_namespace(namespace).collect();
        let pairs = |service: &Service| -> Vec<(Text, Text)> {
            let selector = service.spec.selector.iter();
            selector
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        let mut sharing: HashMap<(Text, Text), usize> = HashMap::new();
        for pair in services.iter().flat_map(|service| pairs(service)) {
            *sharing.entry(pair).or_default() += 1;
        }
        let mut by_pair: HashMap<(Text, Text), Vec<Text>> = HashMap::new();
        for service in services {
            let rarest = pairs(service)
                .into_iter()
                .min_by_key(|pair| sharing.get(pair).copied());
            if let Some(pair) = rarest {
                let name = service.metadata.name.clone();
                by_pair.entry(pair).or_default().push(name);
            }
        }
        Self(by_pair)
    }
}

/// The Services that select a pod.
fn selecting<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<&'a Service> {
    let namespace = pod.metadata.namespace.as_str();
    let by_pair = cluster.once_about(namespace, |cluster| ByPair::of(cluster, namespace));
    let names = pod.metadata.labels.iter().flat_map(|(key, value)| {
        let pair = (key.clone(), value.clone());
        by_pair.0.get(&pair).into_iter().flatten()
    });
    names
        .filter_map(|name| cluster.get::<Service>(namespace, name))
        .filter(|service| service.selects(&pod.metadata.labels))
        .collect()
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
