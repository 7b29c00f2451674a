//! The servers of a namespace that keep data, where a container that fails names nobody on whom it depends.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::analyzers::called_service::called_services;
use crate::analyzers::data_keeper::keeps_data;
use crate::kubernetes::{Pod, Service, Text};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Seconds by which a server may fail before what depends on it does.
const AHEAD: i64 = 900;

/// Seconds by which what depends on a server may seem to fail before it.
const SLACK: i64 = 60;

/// The Services of the workloads in the namespace that keep data and serve others, where each of them went down at about
/// the time at which the pod did, just before as a rule: of which of several it is a client, does not matter then. None
/// where the pod says whom it calls. Reads Pod and Service.
pub(super) fn fallen_keepers<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<&'a Service> {
    let Some(since) = pod.unready_since() else {
        return Vec::new();
    };
    if keeps_data(pod) || !called_services(cluster, pod).is_empty() {
        return Vec::new();
    }
    let keepers = Keepers::of(cluster, &pod.metadata.namespace);
    let went_down = |fell: &Vec<Timestamp>| fell.iter().any(|other| is_about(*other, since));
    if !keepers.all.iter().all(|(_, fell)| went_down(fell)) {
        return Vec::new();
    }
    let namespace = pod.metadata.namespace.as_str();
    let names = keepers.all.iter();
    names
        .filter_map(|(service, _)| cluster.get::<Service>(namespace, service))
        .collect()
}

/// The only one of them, where the namespace has one alone.
pub(super) fn sole_keeper<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Option<&'a Service> {
    let all = fallen_keepers(cluster, pod);
    let [only] = all.as_slice() else {
        return None;
    };
    Some(*only)
}

/// The workloads of a namespace that keep data and serve others.
struct Keepers {
    /// The Service in front of each, and since when its pods are not ready.
    all: Vec<(Text, Vec<Timestamp>)>,
}

impl Keepers {
    /// Worked out once a namespace: many pods may ask.
    fn of(cluster: &Cluster<'_>, namespace: &str) -> Arc<Self> {
        cluster.once_about(namespace, |cluster| {
            let mut known: Vec<ObjectRef> = Vec::new();
            let mut all = Vec::new();
            for service in cluster.in_namespace::<Service>(namespace) {
                let pods = cluster.pods_behind(service);
                let Some(keeper) = pods.iter().copied().find(|other| keeps_data(other)) else {
                    continue;
                };
                let top = cluster.top_of(keeper);
                if known.iter().any(|other| other.is_same(&top)) {
                    continue;
                }
                known.push(top);
                let fell = pods.into_iter().filter_map(Pod::unready_since).collect();
                all.push((service.metadata.name.clone(), fell));
            }
            Self { all }
        })
    }
}

fn is_about(server: Timestamp, client: Timestamp) -> bool {
    let ahead = client.duration_since(server);
    ahead <= SignedDuration::from_secs(AHEAD) && ahead >= SignedDuration::from_secs(-SLACK)
}
