use super::shortage::is_late;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::refusal::{Refusal, classify};
use crate::kubernetes::{Deployment, Object, Pod, ReplicaSet, condition};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A rolling update starts a new pod before it stops an old one, and the new one needs what the
    /// old one holds: a volume for one node, a port of the node, a node without a pod of its kind, or
    /// room in a quota. The rollout cannot end by itself; with the strategy `Recreate` it could.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: db, namespace: shop, uid: d1}
    /// spec: {replicas: 1, strategy: {type: RollingUpdate}}
    /// status: {readyReplicas: 1}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: db-1, namespace: shop, uid: r1, annotations: {deployment.kubernetes.io/revision: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: db, uid: d1, controller: true}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: db-2, namespace: shop, uid: r2, annotations: {deployment.kubernetes.io/revision: "2"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: db, uid: d1, controller: true}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1-a, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: db-1, uid: r1, controller: true}]}
    /// spec: {nodeName: n1}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-2-a, namespace: shop, uid: p2, creationTimestamp: "2026-01-01T11:30:00Z", ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: db-2, uid: r2, controller: true}]}
    /// spec: {nodeName: n2}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: db-2-a, uid: p2}
    /// reason: FailedAttachVolume
    /// message: Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) db-1-a
    /// lastTimestamp: "2026-01-01T11:31:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// With `Recreate` the old pod goes first:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: db, namespace: shop, uid: d1}
    /// spec: {replicas: 1, strategy: {type: Recreate}}
    /// ```
    ///
    /// # How to fix
    /// Set `strategy.type: Recreate`, or let an old pod go first with `maxUnavailable: 1`.
    ///
    /// # What it cannot know
    /// Whether a moment without a pod can be borne.
    ///
    /// # Source
    /// `spec.strategy` of apps/v1 Deployment; the scheduler's and the attach controller's words.
    ROL018 "rollout-cannot-surge" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [ReplicaSet, Pod, Event],
        maps_to: [],
        check: Deployment(check),
    }
}

/// Seconds for which a new pod may wait before it counts as stuck.
const STUCK_GRACE: i64 = 60;

fn check<'a>(deployment: &'a Deployment, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_rolling = deployment.spec.strategy.type_ != "Recreate"
        && deployment.spec.replicas != Some(0)
        && !deployment.spec.paused
        && !deployment.metadata.is_terminating();
    if !is_rolling {
        return;
    }
    let mut sets = cluster.replica_sets_of(&deployment.metadata);
    if sets.nth(1).is_none() {
        return;
    }
    let Some(newest) = cluster.newest_replica_set(&deployment.metadata) else {
        return;
    };
    let Some(old) = old_pod(cluster, deployment, newest) else {
        return;
    };
    if let Some((held, proof)) = held_by_old(cluster, newest) {
        sink.report(sighting(deployment, old, held, proof));
    }
}

/// A live pod of an older revision.
fn old_pod<'a>(
    cluster: &Cluster<'a>,
    deployment: &'a Deployment,
    newest: &ReplicaSet,
) -> Option<&'a Pod> {
    cluster
        .replica_sets_of(&deployment.metadata)
        .filter(|set| set.metadata.name != newest.metadata.name)
        .flat_map(|set| cluster.controlled_pods(&set.metadata))
        .find(|pod| pod.is_live())
}

/// What a new pod needs and an old one holds, with the words that say so.
fn held_by_old<'a>(
    cluster: &Cluster<'a>,
    newest: &'a ReplicaSet,
) -> Option<(&'static str, Evidence)> {
    let refused = condition(&newest.status.conditions, "ReplicaFailure").filter(|failure| {
        failure.is_true() && matches!(classify(&failure.message), Refusal::QuotaExceeded { .. })
    });
    if let Some(failure) = refused {
        let path = "status.conditions[ReplicaFailure].message";
        let proof = Evidence::message(newest.reference(), path, &failure.message);
        return Some(("room in the quota", proof));
    }
    cluster
        .controlled_pods(&newest.metadata)
        .filter(|pod| pod.is_live() && !pod.is_ready() && is_late(cluster, pod, STUCK_GRACE))
        .find_map(|pod| waits_for(cluster, pod))
}

fn waits_for<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<(&'static str, Evidence)> {
    if pod.is_ready_to_start_containers() || pod.has_started_a_container() {
        return None;
    }
    let attach = cluster
        .newest_event(pod, &["FailedAttachVolume"])
        .filter(|event| event.message.contains("Multi-Attach error"));
    if let Some(event) = attach {
        return Some(("a volume for one node", event_evidence(event)));
    }
    let scheduled = pod.condition("PodScheduled")?;
    if !scheduled.is_false() {
        return None;
    }
    let spec = &pod.spec;
    let has_host_port = spec
        .all_containers()
        .any(|(_, container)| container.ports.iter().any(|port| port.host_port > 0));
    let avoids_its_kind = spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.pod_anti_affinity.as_ref())
        .is_some_and(|anti| {
            anti.required.iter().any(|term| {
                let selector = term.label_selector.as_ref();
                selector.is_some_and(|selector| selector.matches(&pod.metadata.labels))
            })
        });
    let words = &scheduled.message;
    let held = if has_host_port && words.contains("free ports") {
        "a port of the node"
    } else if avoids_its_kind && words.contains("anti-affinity") {
        "a node without a pod of its kind"
    } else {
        return None;
    };
    let path = "status.conditions[PodScheduled].message";
    Some((held, Evidence::message(pod.reference(), path, words)))
}

fn sighting(deployment: &Deployment, old: &Pod, held: &'static str, proof: Evidence) -> Sighting {
    let own = deployment.reference();
    let (namespace, name) = (&deployment.metadata.namespace, &deployment.metadata.name);
    let severity = if deployment.status.ready_replicas == 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let title = format!("The rollout of {own} blocks itself: old pods hold {held}");
    let explanation = format!(
        "A rolling update starts the new pod first, which needs {held}; pod {} holds it and is only stopped once the new one is ready.",
        old.metadata.name
    );
    let strategy = deployment
        .spec
        .strategy
        .rolling_update
        .as_ref()
        .and_then(|rolling| rolling.max_unavailable.as_ref());
    Sighting::of(own.clone(), title, explanation)
        .severity(severity)
        .identified_by("held", held)
        .evidence(proof)
        .evidence(Evidence::field(
            own.clone(),
            "spec.strategy.type",
            deployment
                .spec
                .strategy
                .type_
                .non_empty()
                .unwrap_or("RollingUpdate"),
        ))
        .all_evidence(strategy.map(|value| {
            Evidence::field(own, "spec.strategy.rollingUpdate.maxUnavailable", value)
        }))
        .suggest(Suggestion::run(
            "Let the old pod go before the new one starts",
            format!(
                "kubectl -n {namespace} patch deployment {name} --type merge -p '{{\"spec\":{{\"strategy\":{{\"type\":\"Recreate\",\"rollingUpdate\":null}}}}}}'"
            ),
            crate::model::Risk::Medium,
        ))
}
