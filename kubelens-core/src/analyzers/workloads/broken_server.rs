//! The server that is down, of those for which a pod waits.

use super::complaint::complaint;
use super::neighbours::Neighbours;
use super::waits_for::{KnownBy, Server, is_about_another, services_in, waiting};
use crate::kubernetes::Pod;
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// What is the reason that a pod waits, where it is down itself: the servers that its log names and that are not ready,
/// else the only one of its namespace. Who calls it reads Event, Service, Ingress, Namespace and the kinds of workloads.
pub(super) fn waited_for<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
) -> Vec<(ObjectRef, &'static str)> {
    let Some(waiting) = waiting(cluster, pod) else {
        return Vec::new();
    };
    let named = waiting.named(cluster);
    if named.is_empty() {
        let neighbours = Neighbours::of(cluster, &pod.metadata.namespace);
        let broken = pod
            .unready_since()
            .and_then(|since| neighbours.broken(&cluster.top_of(pod), since));
        return broken.map(|top| (top, "waits for")).into_iter().collect();
    }
    let mut all = Vec::new();
    for server in named {
        if server.is_down() {
            all.push((server.top, "calls"));
            continue;
        }
        // One that is ready may complain of the next one.
        let said = server.pods.iter().find_map(|pod| complaint(cluster, pod));
        let Some(said) = said.filter(|said| is_about_another(said.line)) else {
            continue;
        };
        let known_by = KnownBy::Log(said.container.spec.name.as_str(), said.line);
        let next = services_in(cluster, said.pod, said.line).into_iter();
        let next = next.filter_map(|service| Server::behind(cluster, service, known_by));
        all.extend(
            next.filter(Server::is_down)
                .map(|server| (server.top, "calls")),
        );
    }
    all
}
