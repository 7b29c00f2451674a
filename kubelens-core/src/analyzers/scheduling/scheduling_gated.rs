use super::unscheduled::{self, waits};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::gate_owner::with_owner;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod has scheduling gates: the scheduler does not look at it before somebody takes them away.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: job-1, namespace: batch, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec:
    ///   schedulingGates: [{name: example.com/quota}]
    ///   containers: [{name: job}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: SchedulingGated, message: "Scheduling is blocked due to non-empty scheduling gates"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: job-1, namespace: batch, uid: p1, creationTimestamp: "2026-01-01T11:59:50Z"}
    /// spec:
    ///   schedulingGates: [{name: example.com/quota}]
    ///   containers: [{name: job}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: SchedulingGated, message: "Scheduling is blocked due to non-empty scheduling gates"}
    /// ```
    ///
    /// # How to fix
    /// Find the controller that owns the gate, and why it does not open it.
    ///
    /// # What it cannot know
    /// What a gate waits for. Who opens it, where the gate is not named after an API group or its controller cannot be
    /// told from what it is permitted to write.
    ///
    /// # Source
    /// `schedulingGates` of core/v1 PodSpec (KEP-3521).
    SCH022 "scheduling-gated" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [
            Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
            CustomResourceDefinition, ClusterRole, Role, ClusterRoleBinding, RoleBinding, Service,
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration,
        ],
        maps_to: ["k8sgpt:Pod", "classic:scheduling"],
        check: Pod(check),
    }
}

/// Gate of Kueue: it holds pods back until its queue admits them.
const QUEUE_GATES: [&str; 2] = ["kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology"];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.spec.scheduling_gates.is_empty() || !waits(pod) {
        return;
    }
    let age = cluster.age(&pod.metadata);
    if age < cluster.thresholds(&pod.metadata).young_grace {
        return;
    }
    let gates: Vec<&str> = pod
        .spec
        .scheduling_gates
        .iter()
        .map(|gate| gate.name.as_str())
        .collect();
    let is_queued = gates.iter().all(|gate| QUEUE_GATES.contains(gate));
    let severity = match () {
        () if is_queued => Severity::Info,
        () if age >= cluster.thresholds(&pod.metadata).gate_grace => Severity::Critical,
        () => Severity::Warning,
    };
    let top = cluster.top_of(pod);
    let named = gates.clone();
    let gates = gates.join(", ");
    let title = format!("Pods of {top} are held back by scheduling gate {gates}");
    let explanation = "The scheduler does not look at them before the gate is removed, which is up to the controller that set it.";
    let told = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .severity(severity)
        .identified_by("gates", gates.clone())
        .evidence(Evidence::field(
            pod.reference(),
            "spec.schedulingGates",
            gates,
        ))
        .since(unscheduled::since(pod))
        .suggest(Suggestion::advice(
            "Check that the controller that owns the gate runs, and what it says about the pod",
        ))
        .suggest(Suggestion::look(
            "Look at the pod",
            format!(
                "kubectl -n {} describe pod {}",
                pod.metadata.namespace, pod.metadata.name
            ),
        ));
    let told = named
        .into_iter()
        .fold(told, |told, gate| with_owner(cluster, gate, told));
    sink.report(told);
}
