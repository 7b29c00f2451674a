use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::kubernetes::Pod;
use crate::model::Severity;
use crate::snapshot::Cluster;

/// Codes that speak of a workload as a whole and are explained by what its pods show, or by what
/// kept its pods from being made.
pub(in crate::diagnosis) const OF_THE_WORKLOAD: [&str; 22] = [
    "ROL001", "ROL002", "ROL003", "ROL004", "ROL006", "ROL007", "ROL011", "ROL017", "ROL018",
    "JOB001", "JOB002", "JOB006", "JOB008", "JOB015", "JOB017", "SCA031", "SCA035", "SCA004",
    "SCA014", "WRK037", "OPS004", "NET060",
];

/// Codes that say why the API server refuses pods.
const REFUSALS: [&str; 7] = [
    "SCA020", "SCA021", "SCA023", "SEC004", "CTL003", "CTL004", "CTL009",
];

/// A workload that is short of pods is explained by what is wrong with its pods, and by what else
/// names the workload as the thing to change.
pub(super) fn edges(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        if !OF_THE_WORKLOAD.contains(&seen.code()) {
            continue;
        }
        let key = seen.sighting.subject.key();
        let on_pods = index.on_pods_of(&key).iter().map(|cause| (*cause, "owns"));
        let on_itself = index
            .with_subject(&key)
            .iter()
            .map(|cause| (*cause, "same object"));
        for (cause, relation) in on_pods.chain(on_itself) {
            let Some(reason) = index.get(cause) else {
                continue;
            };
            if cause != effect && explains(cluster, seen, reason) {
                edges.push(Edge {
                    effect,
                    cause,
                    confidence: if relation == "owns" { 0.97 } else { 0.95 },
                    relation,
                });
            }
        }
    }
    edges
}

fn explains(cluster: &Cluster<'_>, symptom: &Seen<'_>, reason: &Seen<'_>) -> bool {
    if reason.severity() == Severity::Info || OF_THE_WORKLOAD.contains(&reason.code()) {
        return order_of(reason.code()) < order_of(symptom.code())
            && reason.severity() > Severity::Info;
    }
    let is_of_scaling = symptom.code().starts_with("SCA");
    if reason.is_shown_by_an_autoscaler() && !is_of_scaling {
        return false;
    }
    // A warning about the template that no pod shows is not why pods are missing; a refusal is, and a
    // warning only while others serve.
    let is_latent = reason.pod.is_none() && reason.severity() < Severity::Critical;
    if is_latent && !REFUSALS.contains(&reason.code()) {
        return false;
    }
    reason.pod.is_none_or(|pod| {
        is_of_the_newest_revision(cluster, pod) || !has_newer_sibling(cluster, pod)
    })
}

/// Among codes about the same workload: what refuses pods explains why they are missing, what is
/// missing explains that the rollout stands still.
fn order_of(code: &str) -> usize {
    match code {
        "ROL003" | "JOB006" => 0,
        "ROL018" => 1,
        "ROL007" => 2,
        "WRK037" => 3,
        "ROL017" | "JOB001" | "JOB002" => 4,
        "ROL002" | "ROL004" | "ROL006" | "ROL011" => 5,
        "ROL001" => 6,
        "NET060" => 7,
        "JOB008" => 8,
        "JOB015" | "JOB017" => 9,
        _ => 10,
    }
}

fn is_of_the_newest_revision(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    let Some(owner) = pod.metadata.controller() else {
        return true;
    };
    if owner.kind != "ReplicaSet" {
        return true;
    }
    let Some(set) =
        cluster.get::<crate::kubernetes::ReplicaSet>(&pod.metadata.namespace, &owner.name)
    else {
        return true;
    };
    set.metadata.controller().is_none_or(|deployment| {
        cluster
            .get::<crate::kubernetes::Deployment>(&pod.metadata.namespace, &deployment.name)
            .and_then(|deployment| cluster.newest_replica_set(&deployment.metadata))
            .is_none_or(|newest| newest.metadata.name == set.metadata.name)
    })
}

/// Whether a pod of a newer revision exists: then an older pod is on its way out.
fn has_newer_sibling(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    let top = cluster.top_of(pod);
    let Some(workload) = cluster.workload(&top) else {
        return false;
    };
    cluster
        .newest_replica_set(workload.metadata())
        .is_some_and(|newest| cluster.controlled_pods(&newest.metadata).next().is_some())
}
