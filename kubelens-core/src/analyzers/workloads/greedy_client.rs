//! Who takes up the connections of a server: of those that are told to call it, the workload with by far the most pods,
//! where most of them are new.

use std::collections::BTreeMap;

use jiff::Timestamp;

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
    /// How many of them are new.
    pub(super) new: usize,
    /// When the newest of them was made.
    pub(super) grown: Option<Timestamp>,
    /// Where one of them is told to call the server.
    pub(super) proof: Evidence,
}

/// Fewer pods than this take up no server.
const MANY: usize = 10;

/// By how much it has more pods than all others together.
const TIMES: usize = 3;

/// Seconds before its client failed in which a workload must have grown.
const LATELY: i64 = 6 * 3600;

/// The workload that has far more live pods than all others that are told to call a Service, and that had a few of them
/// before. Pods that are all new may stand for as many that a rollout replaced. Reads Pod, Service, Namespace and the
/// kinds of workloads.
pub(super) fn greedy_client(
    cluster: &Cluster<'_>,
    service: &Service,
    failed: Timestamp,
) -> Option<GreedyClient> {
    let own = service.reference();
    let mut callers: BTreeMap<ObjectRef, Vec<&Pod>> = BTreeMap::new();
    for pod in cluster.all::<Pod>() {
        let runs = pod.is_live() && pod.status.phase == "Running";
        let names = runs && may_name(pod, &service.metadata.name);
        if names && proof_of_call(cluster, pod, &own).is_some() {
            callers.entry(cluster.top_of(pod)).or_default().push(pod);
        }
    }
    let all: usize = callers.values().map(Vec::len).sum();
    let (top, pods) = callers.into_iter().max_by_key(|(_, pods)| pods.len())?;
    let count = pods.len();
    let made = pods.iter().map(|pod| pod.metadata.creation_timestamp);
    let new = |made: &Option<Timestamp>| {
        made.is_some_and(|made| (0..LATELY).contains(&failed.duration_since(made).as_secs()))
    };
    let lately: Vec<Option<Timestamp>> = made.filter(new).collect();
    let has_grown = lately.len() < count && lately.len() >= TIMES * (count - lately.len());
    let is_greedy = count >= MANY && count >= TIMES * (all - count) && has_grown;
    let one = pods.first().filter(|_| is_greedy)?;
    Some(GreedyClient {
        top,
        pods: count,
        new: lately.len(),
        grown: lately.into_iter().max().flatten(),
        proof: proof_of_call(cluster, one, &own)?,
    })
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
