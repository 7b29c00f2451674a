use super::progress::is_rolling;
use super::shortage::{Shortage, shortage};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::control_plane_pod::{component_pods, controller_lease};
use crate::kubernetes::{Deployment, Object, condition};
use crate::model::Evidence;
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A Deployment has fewer ready pods than it wants, or fewer than its own minimum. Which fault
    /// keeps them from being ready is told by the pods; this finding folds into that.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 2
    ///   readyReplicas: 1
    ///   conditions:
    ///   - {type: Available, status: "False", reason: MinimumReplicasUnavailable, message: Deployment does not have minimum availability., lastTransitionTime: "2026-01-01T11:30:00Z"}
    ///   - {type: Progressing, status: "True", reason: NewReplicaSetAvailable}
    /// ```
    ///
    /// # Stays silent on
    /// A rollout within its deadline:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 2
    ///   readyReplicas: 1
    ///   conditions:
    ///   - {type: Progressing, status: "True", reason: ReplicaSetUpdated, lastUpdateTime: "2026-01-01T11:55:00Z"}
    /// ```
    /// A Deployment at zero, by intent:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 0}
    /// ```
    /// A pod that is within its start-up probe:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 1}
    /// status: {replicas: 1}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-5d-a, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:55:00Z", ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d, uid: r1, controller: true}]}
    /// spec:
    ///   containers: [{name: web, startupProbe: {tcpSocket: {port: 80}, periodSeconds: 10, failureThreshold: 60}}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Cure what its pods show.
    ///
    /// # What it cannot know
    /// Why a pod without probes, events and logs is not ready.
    ///
    /// # Source
    /// `spec.replicas`, `status.readyReplicas` and condition `Available` of apps/v1 Deployment.
    ROL002 "deployment-unavailable" {
        role: Symptom,
        severity: Critical,
        confidence: 0.85,
        reads: [ReplicaSet, Pod, Node],
        maps_to: ["k8sgpt:Deployment", "POP-501"],
        check: Deployment(check),
    }
}

fn check<'a>(deployment: &'a Deployment, cluster: &Cluster<'a>, sink: &mut Sink) {
    let counts = (
        deployment.spec.replicas.unwrap_or(1),
        deployment.status.ready_replicas,
    );
    if counts.1 >= counts.0 || deployment.spec.paused || is_rolling(cluster, deployment) {
        return;
    }
    let workload = Workload::Deployment(deployment);
    if let Some(short) = shortage(
        cluster,
        &workload,
        counts,
        cluster.thresholds(&deployment.metadata).avail_grace,
    ) {
        sink.report(sighting(cluster, deployment, &short));
    }
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    deployment: &'a Deployment,
    short: &Shortage<'a>,
) -> Sighting {
    let own = deployment.reference();
    let available = condition(&deployment.status.conditions, "Available");
    let proof = match available.filter(|available| available.is_false()) {
        Some(available) => Evidence::message(
            own.clone(),
            "status.conditions[Available]",
            &format!("{}: {}", available.reason, available.message),
        )
        .at(available.last_transition_time),
        None => Evidence::field(own.clone(), "spec.replicas", short.wanted),
    };
    let mut sighting = short.sighting(cluster, &Workload::Deployment(deployment));
    let observed = deployment.status.observed_generation;
    if observed < deployment.metadata.generation {
        sighting = sighting.evidence(Evidence::field(
            own.clone(),
            "status.observedGeneration",
            format!(
                "not yet {}: its controller has not looked at it",
                deployment.metadata.generation.unwrap_or_default()
            ),
        ));
        sighting = sighting.blames(controller_lease(), "controlled by");
        for pod in component_pods(cluster, "kube-controller-manager") {
            sighting = sighting.blames(pod.reference(), "controlled by");
        }
    }
    sighting
        .evidence(Evidence::field(own, "status.readyReplicas", short.ready))
        .evidence(proof)
}
