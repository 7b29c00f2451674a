//! Services that lead traffic only to pods on the caller's own node, and callers on nodes that have none.

use std::collections::BTreeSet;

use crate::analysis::Sighting;
use crate::analyzers::called_service::called_services;
use crate::analyzers::log_host::{Target, hosts_in, resolve};
use crate::kubernetes::{Condition, Node, Object, Pod, Service, condition};
use crate::model::{Evidence, Severity, Suggestion, some_of};
use crate::snapshot::Cluster;

/// A pod that is not ready, calls the Service or is told to, and runs on a node without an endpoint of it.
struct Stranded<'a> {
    pod: &'a Pod,
    written: Evidence,
}

/// What is to be said of a Service with `internalTrafficPolicy: Local` whose pods are ready, though not where it is
/// called from. `pods` are those behind it. A caller that works may not need it: only who is not ready counts.
pub(super) fn none_where_called<'a>(
    cluster: &Cluster<'a>,
    service: &'a Service,
    pods: &[&Pod],
) -> Option<Sighting> {
    if service.spec.internal_traffic_policy != "Local" {
        return None;
    }
    let served: BTreeSet<&str> = pods
        .iter()
        .filter(|pod| pod.is_ready())
        .map(|pod| pod.node_name.as_str())
        .collect();
    if served.is_empty() {
        return None;
    }
    // A pod of it that is there and not ready has a fault of its own.
    let has_one = |node: &str| pods.iter().any(|pod| pod.node_name == *node);
    let stranded: Vec<Stranded<'a>> = cluster
        .all::<Pod>()
        .filter(|pod| pod.is_live() && pod.is_scheduled() && !pod.is_ready())
        .filter(|pod| {
            pod.containers()
                .any(|one| one.is_running() || one.restarts() > 0)
        })
        .filter(|pod| !has_one(&pod.node_name) && runs_pods(cluster, &pod.node_name))
        .filter_map(|pod| {
            let mut called = called_services(cluster, pod).into_iter();
            let written = called
                .find(|call| std::ptr::eq(call.service, service))
                .map(|call| call.evidence(pod))
                .or_else(|| in_its_log(cluster, service, pod))?;
            Some(Stranded { pod, written })
        })
        .collect();
    (!stranded.is_empty()).then(|| sighting(cluster, service, &served, &stranded))
}

/// Whether the node is ready, as far as is known.
fn runs_pods(cluster: &Cluster<'_>, name: &str) -> bool {
    cluster.get::<Node>("", name).is_none_or(|node| {
        condition(&node.status.conditions, "Ready").is_none_or(Condition::is_true)
    })
}

/// The newest line of the pod's log that names the Service, by name or address.
fn in_its_log(cluster: &Cluster<'_>, service: &Service, pod: &Pod) -> Option<Evidence> {
    pod.spec.containers.iter().find_map(|container| {
        let log = cluster.log(pod, &container.name, false)?;
        let line = log.lines.iter().rev().take(MOST_LINES).find(|line| {
            hosts_in(line).into_iter().any(|host| {
                let target = resolve(cluster, &pod.metadata.namespace, host.name);
                matches!(target, Target::Service(found) if std::ptr::eq(found, service))
            })
        })?;
        Some(Evidence::log(pod.reference(), &container.name, line, None))
    })
}

/// Lines at the end of a log that are looked at.
const MOST_LINES: usize = 60;

fn sighting(
    cluster: &Cluster<'_>,
    service: &Service,
    served: &BTreeSet<&str>,
    stranded: &[Stranded<'_>],
) -> Sighting {
    let own = service.reference();
    let nodes: BTreeSet<&str> = stranded
        .iter()
        .map(|one| one.pod.node_name.as_str())
        .collect();
    let callers: BTreeSet<String> = stranded
        .iter()
        .map(|one| cluster.top_of(one.pod).to_string())
        .collect();
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} has no endpoint on {}, where {} calls it (internalTrafficPolicy Local)",
            some_of(&nodes, 3),
            some_of(&callers, 3)
        ),
        format!(
            "With internalTrafficPolicy Local a node leads traffic for it only to pods of its own and drops the rest; ready pods of it are only on {}.",
            some_of(served, 3)
        ),
    )
    .severity(Severity::Warning)
    .confidence(0.80)
    .identified_by("fact", "local traffic")
    .evidence(Evidence::field(
        own.clone(),
        "spec.internalTrafficPolicy",
        "Local",
    ))
    .evidence(Evidence::absence(
        own.clone(),
        &format!("no ready pod of it on {}", some_of(&nodes, 3)),
    ));
    for one in stranded.iter().take(2) {
        sighting = sighting
            .evidence(Evidence::field(
                one.pod.reference(),
                "spec.nodeName",
                &one.pod.node_name,
            ))
            .evidence(one.written.clone());
    }
    sighting.suggest(Suggestion::advice(format!(
        "Run a pod behind {own} on every node that calls it (node selector, taints), or set its internalTrafficPolicy to Cluster"
    )))
}
