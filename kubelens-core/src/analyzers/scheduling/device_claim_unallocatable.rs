use super::unscheduled;
use super::verdict::Verdict;
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::Object;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod asks for devices by a ResourceClaim, and no node that it may use has devices left that meet it.
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
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 cannot allocate all claims."}
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
    /// Free a device, add one, or ask for one that exists; check that the driver publishes its devices.
    ///
    /// # What it cannot know
    /// Which devices a CEL selector would accept.
    ///
    /// # Source
    /// Plugin DynamicResources of the scheduler (KEP-4381).
    SCH027 "device-claim-unallocatable" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Devices) {
        let names: Vec<&str> = waiting
            .pod
            .spec
            .resource_claims
            .iter()
            .map(|claim| {
                claim
                    .resource_claim_name
                    .non_empty()
                    .or(claim.resource_claim_template_name.non_empty())
                    .unwrap_or(&claim.name)
            })
            .collect();
        let names = names.join(", ");
        let title = format!(
            "No node can allocate the devices that {} claims ({names})",
            waiting.top
        );
        let slices = cluster.custom("ResourceSlice").len();
        let explanation = format!(
            "Its pods cannot be scheduled: no device that meets the claim is free on a node that they may use ({slices} ResourceSlices are published).{}",
            waiting.others()
        );
        let sighting = waiting
            .of_the_owner(title, explanation)
            .identified_by("claims", names.clone())
            .evidence(Evidence::field(
                waiting.pod.reference(),
                "spec.resourceClaims",
                names,
            ))
            .suggest(Suggestion::look(
                "Compare what is claimed and what is offered",
                format!(
                    "kubectl -n {} get resourceclaims; kubectl get resourceslices,deviceclasses",
                    waiting.pod.metadata.namespace
                ),
            ));
        waiting.report(cluster, sink, sighting);
    }
}
