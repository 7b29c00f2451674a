//! A pod that serves no more and is given hours to end, while nothing takes its place.

use crate::analysis::Sighting;
use crate::kubernetes::{Deployment, Object, Pod, StatefulSet};
use crate::model::{Evidence, ObjectRef, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

/// Seconds from which on a grace period is long.
const LONG: i64 = 3600;

/// Seconds after its deletion from which on a pod that does not serve counts as missing.
const MISSED: i64 = 900;

/// What waits for the pod to be gone before it makes another: a StatefulSet for its name, a Deployment by its strategy.
struct Waiting {
    workload: ObjectRef,
    ready: i64,
    wanted: i64,
}

impl Waiting {
    fn of(cluster: &Cluster<'_>, pod: &Pod) -> Option<Self> {
        let owner = pod.metadata.controller()?;
        let namespace = &pod.metadata.namespace;
        if owner.kind == "StatefulSet" {
            let set = cluster.get::<StatefulSet>(namespace, &owner.name)?;
            return Some(Self {
                workload: set.reference(),
                ready: set.status.ready_replicas,
                wanted: set.spec.replicas.unwrap_or(1),
            });
        }
        let top = cluster.top_of(pod);
        let deployment = (top.kind == "Deployment")
            .then(|| cluster.get::<Deployment>(namespace, &top.name))
            .flatten()
            .filter(|deployment| deployment.spec.strategy.type_ == "Recreate")?;
        Some(Self {
            workload: top,
            ready: deployment.status.ready_replicas,
            wanted: deployment.spec.replicas.unwrap_or(1),
        })
    }
}

/// The fault of a template whose grace period keeps the place of a pod that does not serve any more.
pub(super) fn kept_for_hours(cluster: &Cluster<'_>, pod: &Pod) -> Option<Sighting> {
    let due = pod.metadata.deletion_timestamp?;
    let grace = pod.metadata.deletion_grace_period_seconds?;
    if grace < LONG || cluster.has_come(due) || pod.is_ready() {
        return None;
    }
    let deleted = due
        .checked_sub(jiff::SignedDuration::from_secs(grace))
        .ok()?;
    if !cluster.has_lasted(Some(deleted), MISSED) {
        return None;
    }
    let waiting = Waiting::of(cluster, pod).filter(|waiting| waiting.ready < waiting.wanted)?;
    let (own, top) = (pod.reference(), &waiting.workload);
    let running: Vec<&str> = pod
        .containers()
        .filter(|container| container.is_running())
        .map(|container| container.name())
        .collect();
    if running.is_empty() {
        return None;
    }
    let severity = if waiting.ready == 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let name = &pod.metadata.name;
    let title = format!(
        "{top} waits for its pod {name}, which is deleted, not ready, and has {} h to end (terminationGracePeriodSeconds {grace})",
        grace / 3600
    );
    let explanation = format!(
        "{} of {} pods are ready. Container {} still runs, and the next pod is made when it has ended or its time is over.",
        waiting.ready,
        waiting.wanted,
        running.join(", ")
    );
    let sighting = Sighting::of(top.clone(), title, explanation)
        .seen_on(own.clone(), "template of")
        .identified_by("grace", grace.to_string())
        .severity(severity)
        .evidence(Evidence::field(
            own.clone(),
            "metadata.deletionGracePeriodSeconds",
            grace,
        ))
        .evidence(Evidence::field(own.clone(), "metadata.deletionTimestamp", due))
        .evidence(Evidence::field(own, "status.conditions[Ready].status", "False"))
        .since(Some(deleted))
        .suggest(Suggestion::advice(format!(
            "Set terminationGracePeriodSeconds of {top} to what the program needs to end, and let it end by itself on SIGTERM"
        )))
        .suggest(Suggestion::run(
            "End this pod sooner; what it has not written is lost",
            format!(
                "kubectl -n {} delete pod {name} --grace-period=30",
                pod.metadata.namespace
            ),
            Risk::High,
        ));
    Some(sighting)
}
