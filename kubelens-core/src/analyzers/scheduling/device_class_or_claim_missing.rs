use super::scheduler_message::ReasonKind;
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod asks for devices by a class or a claim that does not exist.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: train-1, namespace: ml, uid: p1}
    /// spec:
    ///   resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]
    ///   containers: [{name: train}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 request gpu: device class big-gpu does not exist."}
    /// ```
    /// A template that is not there, so that the scheduler never sees the pod:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: train-1, namespace: ml, uid: p1}
    /// spec:
    ///   resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]
    ///   containers: [{name: train}]
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: ml, uid: e1}
    /// type: Warning
    /// reason: FailedResourceClaimCreation
    /// message: 'PodResourceClaim gpu: resource claim template "one-gpu": resourceclaimtemplate.resource.k8s.io "one-gpu" not found'
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: ml, name: train-1, uid: p1}
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: train-1, namespace: ml, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]
    ///   containers: [{name: train}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Create the class or the claim (a driver usually brings its class), or correct the name.
    ///
    /// # What it cannot know
    /// Which driver should bring the class.
    ///
    /// # Source
    /// Plugin DynamicResources of the scheduler; event FailedResourceClaimCreation.
    SCH028 "device-class-or-claim-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::DeviceMissing) {
        let sighting = sighting(cluster, &waiting);
        waiting.report(cluster, sink, sighting);
    }
}

fn sighting<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>) -> Sighting {
    let class = waiting
        .message
        .reasons
        .iter()
        .find_map(|reason| match reason.kind {
            ReasonKind::DeviceClass(name) if !name.is_empty() => Some(name),
            _ => None,
        });
    let subject = class.map_or_else(
        || missing_claim(waiting),
        |name| ObjectRef::cluster_scoped("resource.k8s.io/v1", "DeviceClass", name),
    );
    let refusal = cluster.newest_event(waiting.pod, &["FailedResourceClaimCreation"]);
    let title = format!("{subject} does not exist");
    let explanation = format!(
        "Pods of {} claim devices by it and cannot be scheduled.",
        waiting.top
    );
    Sighting::of(subject.clone(), title, explanation)
        .evidence(Evidence::message(
            subject,
            "scheduler",
            waiting
                .message
                .reasons
                .first()
                .map_or(waiting.text, |reason| reason.text),
        ))
        .all_evidence(refusal.map(event_evidence))
        .suggest(Suggestion::look(
            "See what is there",
            format!(
                "kubectl -n {} get resourceclaims,resourceclaimtemplates; kubectl get deviceclasses",
                waiting.pod.metadata.namespace
            ),
        ))
}

fn missing_claim(waiting: &Unscheduled<'_>) -> ObjectRef {
    let namespace = &waiting.pod.metadata.namespace;
    let claims = &waiting.pod.spec.resource_claims;
    let is_named = |name: &str| waiting.text.contains(&format!("\"{name}\""));
    let claim = claims
        .iter()
        .find(|claim| {
            is_named(&claim.resource_claim_template_name) || is_named(&claim.resource_claim_name)
        })
        .or(claims.first());
    match claim {
        Some(claim) if !claim.resource_claim_template_name.is_empty() => ObjectRef::namespaced(
            "resource.k8s.io/v1",
            "ResourceClaimTemplate",
            namespace,
            &claim.resource_claim_template_name,
        ),
        Some(claim) => ObjectRef::namespaced(
            "resource.k8s.io/v1",
            "ResourceClaim",
            namespace,
            claim.resource_claim_name.non_empty().unwrap_or(&claim.name),
        ),
        None => waiting.top.clone(),
    }
}
