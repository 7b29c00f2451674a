use super::advice::describe_pod;
use super::probe_sighting::severity_of_unready;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::gate_owner::with_owner;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// All containers of a pod are ready, and the pod is not: a readiness gate waits for a condition
    /// that some controller (a load balancer, a mesh) has to set.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   readinessGates: [{conditionType: target-health.lb.example/web}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   conditions:
    ///   - {type: ContainersReady, status: "True", lastTransitionTime: "2026-01-01T11:30:00Z"}
    ///   - {type: Ready, status: "False", reason: ReadinessGatesNotReady, lastTransitionTime: "2026-01-01T11:29:00Z"}
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T11:29:00Z"}}}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: gatekeeper, namespace: lb-system, uid: d1}
    /// spec: {template: {spec: {serviceAccountName: gatekeeper, containers: [{name: manager}]}}}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: gatekeeper}
    /// rules: [{apiGroups: [lb.example], resources: [bindings/status], verbs: [update, patch]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: gatekeeper}
    /// roleRef: {kind: ClusterRole, name: gatekeeper}
    /// subjects: [{kind: ServiceAccount, namespace: lb-system, name: gatekeeper}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   readinessGates: [{conditionType: target-health.lb.example/web}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   conditions:
    ///   - {type: ContainersReady, status: "True", lastTransitionTime: "2026-01-01T11:59:30Z"}
    ///   - {type: Ready, status: "False", reason: ReadinessGatesNotReady, lastTransitionTime: "2026-01-01T11:59:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Look at the controller that sets the condition; take the gate out where no such controller runs.
    ///
    /// # What it cannot know
    /// Which controller should set it, where the gate is not named after an API group or its controller cannot be
    /// told from what it is permitted to write.
    ///
    /// # Source
    /// `spec.readinessGates` of core/v1 Pod (KEP-580).
    WRK029 "readiness-gate-unmet" {
        role: Both,
        severity: Warning,
        confidence: 0.90,
        reads: [
            Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
            CustomResourceDefinition, ClusterRole, Role, ClusterRoleBinding, RoleBinding, Service,
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration,
        ],
        maps_to: [],
        check: Pod(check),
    }
}

/// Seconds that a controller has to set its condition.
const GATE_GRACE: i64 = 120;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.spec.readiness_gates.is_empty() || !pod.is_live() || pod.is_ready() {
        return;
    }
    let since = pod
        .condition("ContainersReady")
        .filter(|ready| ready.is_true())
        .map(|ready| ready.last_transition_time);
    let Some(since) = since.filter(|since| cluster.seconds_since(*since) > GATE_GRACE) else {
        return;
    };
    let severity = severity_of_unready(cluster, pod);
    for gate in &pod.spec.readiness_gates {
        let type_ = gate.condition_type.as_str();
        if !pod
            .condition(type_)
            .is_some_and(crate::kubernetes::Condition::is_true)
        {
            let told = sighting(pod, cluster, type_, severity).since(since);
            sink.report(with_owner(cluster, type_, told));
        }
    }
}

fn sighting(pod: &Pod, cluster: &Cluster<'_>, gate: &str, severity: Severity) -> Sighting {
    let top = cluster.top_of(pod);
    let condition = pod.condition(gate);
    let state = condition.map_or_else(
        || "no controller has set it".to_owned(),
        |condition| format!("it is {} ({})", condition.status, condition.reason),
    );
    Sighting::of(
        top.clone(),
        format!("Pods of {top} wait for readiness gate {gate}: {state}"),
        "All containers are ready; the pod gets no traffic until a controller sets this condition.",
    )
    .seen_on(pod.reference(), "template of")
    .identified_by("gate", gate)
    .severity(severity)
    .evidence(Evidence::field(
        pod.reference(),
        "spec.readinessGates",
        gate,
    ))
    .all_evidence(condition.map(|condition| {
        let path = format!("status.conditions[{gate}]");
        Evidence::message(
            pod.reference(),
            &path,
            &format!("{}: {}", condition.status, condition.message),
        )
    }))
    .suggest(describe_pod(pod))
}
