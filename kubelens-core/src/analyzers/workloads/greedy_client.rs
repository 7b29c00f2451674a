//! Who takes up the connections of a server: of those that are told to call it, the workload with by far the most pods.

use std::collections::BTreeMap;

use crate::analyzers::called_service::called_services;
use crate::kubernetes::{Object, Pod, Service};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// A workload that calls a server with many pods.
#[derive(Debug)]
pub(super) struct GreedyClient {
    /// The workload.
    pub(super) top: ObjectRef,
    /// How many of its pods run.
    pub(super) pods: usize,
    /// Where one of them is told to call the server.
    pub(super) proof: Evidence,
}

/// Fewer pods than this take up no server.
const MANY: usize = 10;

/// By how much it has more pods than all others together.
const TIMES: usize = 3;

/// The workload that has far more live pods than all others that are told to call a Service. Reads Pod, Service, Namespace
/// and the kinds of workloads.
pub(super) fn greedy_client<'a>(cluster: &Cluster<'a>, service: &Service) -> Option<GreedyClient> {
    let own = service.reference();
    let mut counts: BTreeMap<ObjectRef, (usize, &'a Pod)> = BTreeMap::new();
    for pod in cluster.all::<Pod>() {
        let name = service.metadata.name.as_str();
        let runs = pod.is_live() && pod.status.phase == "Running";
        if runs && may_name(pod, name) && proof_of_call(cluster, pod, &own).is_some() {
            counts.entry(cluster.top_of(pod)).or_insert((0, pod)).0 += 1;
        }
    }
    let all: usize = counts.values().map(|(pods, _)| pods).sum();
    let (top, (pods, one)) = counts.into_iter().max_by_key(|(_, (pods, _))| *pods)?;
    let is_greedy = pods >= MANY && pods >= TIMES * (all - pods);
    let proof = proof_of_call(cluster, one, &own).filter(|_| is_greedy)?;
    Some(GreedyClient { top, pods, proof })
}

/// A glance before the hosts are read.
fn may_name(pod: &Pod, name: &str) -> bool {
    pod.spec.containers.iter().any(|container| {
        let values = container.env.iter().map(|variable| variable.value.as_str());
        let words = container.args.iter().chain(&container.command);
        values
            .chain(words.map(|word| word.as_str()))
            .any(|word| word.contains(name))
    })
}

fn proof_of_call(cluster: &Cluster<'_>, pod: &Pod, service: &ObjectRef) -> Option<Evidence> {
    let called = called_services(cluster, pod).into_iter();
    let mut called = called.filter(|called| called.service.reference().is_same(service));
    called.next().map(|called| called.evidence(pod))
}
