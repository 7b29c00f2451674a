//! The one server of a namespace that keeps data, where a container that fails names nobody on whom it depends.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::analyzers::called_service::called_services;
use crate::analyzers::data_keeper::keeps_data;
use crate::kubernetes::{Pod, Service, Text};
use crate::snapshot::Cluster;

/// Seconds by which a server may fail before what depends on it does.
const AHEAD: i64 = 900;

/// Seconds by which what depends on a server may seem to fail before it.
const SLACK: i64 = 60;

/// The Service of the only workload in the namespace that keeps data and serves others, where that one went down at about
/// the time at which the pod did, just before as a rule. None where the pod says whom it calls. Reads Pod and Service.
pub(super) fn sole_keeper<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Option<&'a Service> {
    let since = pod.unready_since()?;
    if keeps_data(pod) || !called_services(cluster, pod).is_empty() {
        return None;
    }
    let keeper = OnlyKeeper::of(cluster, &pod.metadata.namespace);
    let OnlyKeeper { service, fell } = keeper.as_ref().as_ref()?;
    let went_down = fell.iter().any(|other| is_about(*other, since));
    went_down.then(|| cluster.get::<Service>(&pod.metadata.namespace, service))?
}

/// The only workload of a namespace that keeps data and serves others.
struct OnlyKeeper {
    /// The Service in front of it.
    service: Text,
    /// Since when its pods are not ready.
    fell: Vec<Timestamp>,
}

impl OnlyKeeper {
    /// Worked out once a namespace: many pods may ask.
    fn of(cluster: &Cluster<'_>, namespace: &str) -> Arc<Option<Self>> {
        cluster.once_about(namespace, |cluster| {
            let mut keepers = cluster
                .in_namespace::<Service>(namespace)
                .filter_map(|service| {
                    let pods = cluster.pods_behind(service);
                    let keeper = pods.iter().copied().find(|other| keeps_data(other))?;
                    Some((service, cluster.top_of(keeper), pods))
                });
            let (service, top, pods) = keepers.next()?;
            let is_the_only_one = keepers.all(|(_, other, _)| other.is_same(&top));
            is_the_only_one.then(|| Self {
                service: service.metadata.name.clone(),
                fell: pods.into_iter().filter_map(Pod::unready_since).collect(),
            })
        })
    }
}

fn is_about(server: Timestamp, client: Timestamp) -> bool {
    let ahead = client.duration_since(server);
    ahead <= SignedDuration::from_secs(AHEAD) && ahead >= SignedDuration::from_secs(-SLACK)
}
