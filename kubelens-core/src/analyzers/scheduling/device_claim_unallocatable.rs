use super::device_offer::{self, Mismatch};
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Object;
use crate::model::{Evidence, Suggestion, counted, some_of};
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
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// ---
    /// apiVersion: resource.k8s.io/v1
    /// kind: ResourceSlice
    /// metadata: {name: n1-gpu, uid: s1}
    /// spec:
    ///   driver: gpu.example.com
    ///   nodeName: n1
    ///   devices: [{name: gpu-0, attributes: {model: {string: big}}}]
    /// ---
    /// apiVersion: resource.k8s.io/v1
    /// kind: ResourceClaimTemplate
    /// metadata: {name: one-gpu, namespace: ml, uid: t1}
    /// spec: {spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu, selectors: [{cel: {expression: "device.attributes['gpu.example.com'].model == 'small'"}}]}}]}}}
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
    /// Which devices a CEL selector would accept, but for attributes that it compares with a text.
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
        if let Some(mismatch) = device_offer::mismatch(cluster, waiting.pod) {
            let sighting = none_matches(&waiting, &mismatch);
            waiting.report(cluster, sink, sighting);
            continue;
        }
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
        let devices = device_offer::count(cluster);
        let explanation = format!(
            "Its pods cannot be scheduled: no device that meets the claim is free on a node that they may use ({slices} ResourceSlices are published{devices}).{}",
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

/// What is asked for is not there, in use or not.
fn none_matches(waiting: &Unscheduled<'_>, mismatch: &Mismatch) -> Sighting {
    let Mismatch {
        claim,
        path,
        expression,
        attribute,
        wanted,
        offered,
        devices,
    } = mismatch;
    let title = format!(
        "{claim} asks for a device with {attribute} `{wanted}`, and none is published: {}",
        some_of(offered, 3)
    );
    let explanation = format!(
        "The pods of {} cannot be scheduled: no device meets the selector, in use or not ({} of the driver {} published).{}",
        waiting.top,
        counted(devices.len(), "device"),
        if devices.len() == 1 { "is" } else { "are" },
        waiting.others()
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .identified_by("attribute", attribute.as_str())
        .evidence(Evidence::message(claim.clone(), path, expression));
    sighting.subject = claim.clone();
    for (slice, device, value) in devices.iter().take(2) {
        sighting = sighting.evidence(Evidence::field(
            slice.clone(),
            &format!("spec.devices[{device}].attributes.{attribute}"),
            value,
        ));
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Correct the selector in {claim} ({attribute}: {}), or add a node whose driver publishes such a device",
            some_of(offered, 3)
        )))
        .suggest(Suggestion::look(
            "Compare what is claimed and what is offered",
            "kubectl get resourceslices -o yaml",
        ))
}
