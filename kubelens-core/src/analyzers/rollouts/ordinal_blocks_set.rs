use super::shortage::is_late;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod, StatefulSet};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A StatefulSet with the policy `OrderedReady` makes its pods one after the other. The pod of
    /// the lowest ordinal that is not ready keeps all higher ones from being made; only this one
    /// needs a cure.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 3}
    /// status: {replicas: 1, readyReplicas: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False", reason: ContainersNotReady}]}
    /// ```
    ///
    /// # Stays silent on
    /// With the policy `Parallel`, no pod waits for another:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 3, podManagementPolicy: Parallel}
    /// status: {replicas: 1, readyReplicas: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False", reason: ContainersNotReady}]}
    /// ```
    ///
    /// # How to fix
    /// Cure the pod that is named; the others follow by themselves.
    ///
    /// # What it cannot know
    /// Whether the higher ordinals would start.
    ///
    /// # Source
    /// `spec.podManagementPolicy` and `spec.ordinals.start` of apps/v1 StatefulSet.
    ROL007 "ordinal-blocks-set" {
        role: Symptom,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod],
        maps_to: ["k8sgpt:StatefulSet"],
        check: StatefulSet(check),
    }
}

/// Seconds for which a pod may be unready before it counts as blocking.
const BLOCKING_GRACE: i64 = 120;

fn check<'a>(set: &'a StatefulSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let wanted = set.spec.replicas.unwrap_or(1);
    if set.metadata.is_terminating()
        || set.spec.pod_management_policy == "Parallel"
        || set.status.ready_replicas >= wanted
    {
        return;
    }
    let mut pods: Vec<(i64, &Pod)> = cluster
        .controlled_pods(&set.metadata)
        .filter_map(|pod| Some((ordinal(set, pod)?, pod)))
        .collect();
    pods.sort_by_key(|(ordinal, _)| *ordinal);
    let first = set
        .spec
        .ordinals
        .as_ref()
        .map_or(0, |ordinals| ordinals.start);
    let waiting = wanted - i64::try_from(pods.len()).unwrap_or(wanted);
    let blocking = pods
        .iter()
        .find(|(ordinal, pod)| *ordinal >= first && !pod.is_ready());
    if let Some((ordinal, pod)) = blocking
        && waiting > 0
        && pod.is_live()
        && is_late(cluster, pod, BLOCKING_GRACE)
    {
        sink.report(sighting(set, pod, *ordinal, waiting));
    }
}

/// The number at the end of the pod's name.
fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i64> {
    pod.metadata
        .name
        .strip_prefix(set.metadata.name.as_str())?
        .strip_prefix('-')?
        .parse()
        .ok()
}

fn sighting(set: &StatefulSet, pod: &Pod, ordinal: i64, waiting: i64) -> Sighting {
    let own = set.reference();
    let name = &pod.metadata.name;
    let title = format!("Pod {name} keeps {waiting} more pods of {own} from being made");
    let explanation = format!(
        "Pods of an OrderedReady set are made in order, and ordinal {ordinal} is not ready."
    );
    let phase = Evidence::field(pod.reference(), "status.phase", &pod.status.phase);
    Sighting::of(own.clone(), title, explanation)
        .seen_on(pod.reference(), "ordinal of")
        .identified_by("ordinal", ordinal.to_string())
        .evidence(phase)
        .evidence(Evidence::field(
            own,
            "status.readyReplicas",
            set.status.ready_replicas,
        ))
        .since(
            pod.condition("Ready")
                .and_then(|ready| ready.last_transition_time),
        )
        .suggest(Suggestion::look(
            "See what the pod waits for",
            format!("kubectl -n {} describe pod {name}", pod.metadata.namespace),
        ))
}
