//! Who takes up the connections of a server: of those that are told to call it, the workload with by far the most pods,
//! where most of them are new.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    let callers = Callers::of(cluster, service);
    let all: usize = callers.0.iter().map(|caller| caller.made.len()).sum();
    let caller = callers.0.iter().max_by_key(|caller| caller.made.len())?;
    let count = caller.made.len();
    let new = |made: &Option<Timestamp>| {
        made.is_some_and(|made| (0..LATELY).contains(&failed.duration_since(made).as_secs()))
    };
    let lately: Vec<Timestamp> = caller.made.iter().copied().filter(new).flatten().collect();
    let has_grown = lately.len() < count && lately.len() >= TIMES * (count - lately.len());
    let is_greedy = count >= MANY && count >= TIMES * (all - count) && has_grown;
    is_greedy.then(|| GreedyClient {
        top: caller.top.clone(),
        pods: count,
        new: lately.len(),
        grown: lately.into_iter().max(),
        proof: caller.proof.clone(),
    })
}

/// A workload whose pods are told to call a Service.
struct Caller {
    top: ObjectRef,
    /// When its running pods were made.
    made: Vec<Option<Timestamp>>,
    /// Where the first of them is told so.
    proof: Evidence,
}

/// All of them, in their order.
struct Callers(Vec<Caller>);

impl Callers {
    /// Worked out once a Service: many clients that get no connection ask alike.
    fn of(cluster: &Cluster<'_>, service: &Service) -> Arc<Self> {
        let own = service.reference();
        cluster.once_about(&own.path(), |cluster| {
            let mut callers: BTreeMap<ObjectRef, Caller> = BTreeMap::new();
            for pod in cluster.all::<Pod>() {
                let runs = pod.is_live() && pod.status.phase == "Running";
                let names = runs && may_name(pod, &service.metadata.name);
                let proof = names.then(|| proof_of_call(cluster, pod, &own)).flatten();
                if let Some(proof) = proof {
                    let top = cluster.top_of(pod);
                    let caller = callers.entry(top.clone()).or_insert_with(|| Caller {
                        top,
                        made: Vec::new(),
                        proof,
                    });
                    caller.made.push(pod.metadata.creation_timestamp);
                }
            }
            Self(callers.into_values().collect())
        })
    }
}

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
