use super::mount_events::{self, Fault};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::scheduling::pod_volumes::claim_names;
use crate::kubernetes::{
    Deployment, Event, Node, Object, PersistentVolumeClaim, Pod, VolumeAttachment, condition,
};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A volume that one node at a time can use (ReadWriteOnce) is attached to another node: the new pod
    /// waits until the old one is gone.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {volumeName: pvc-1, accessModes: [ReadWriteOnce]}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p0}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: web}]
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-2, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n2
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: web}]
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-2, uid: p1}
    /// type: Warning
    /// reason: FailedAttachVolume
    /// message: Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) web-1
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// The old pod is about to go:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p0, deletionTimestamp: "2026-01-01T12:00:10Z"}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: web}]
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-2, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n2
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: web}]
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-2, uid: p1}
    /// type: Warning
    /// reason: FailedAttachVolume
    /// message: Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) web-1
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Replace pods with strategy Recreate, run one replica, or use a volume for several nodes
    /// (ReadWriteMany). If the old node is dead, mend it or take it out of service.
    ///
    /// # What it cannot know
    /// Whether the program allows two writers.
    ///
    /// # Source
    /// Event FailedAttachVolume `Multi-Attach error for volume` of the attach-detach controller.
    STO009 "multi-attach" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Pod, Event, PersistentVolumeClaim, PersistentVolume, VolumeAttachment, Node, Deployment],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

/// Seconds after which the controller detaches by force: a pod that goes may take so long.
const DETACH_TIMEOUT: i64 = 360;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(event) = mount_events::newest(cluster, pod, Fault::MultiAttach) else {
        return;
    };
    let claim = mount_events::claim_of(cluster, pod, &event.message);
    let holders = holders(cluster, pod, claim, event);
    let is_leaving = !holders.is_empty()
        && holders.iter().all(|holder| {
            holder.metadata.is_terminating()
                && cluster.seconds_since(holder.metadata.deletion_timestamp) < DETACH_TIMEOUT
        });
    if !is_leaving {
        sink.report(sighting(cluster, pod, claim, &holders, event));
    }
}

/// The pods that use the volume now: those that the text names, else those with the claim elsewhere.
fn holders<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    claim: Option<&PersistentVolumeClaim>,
    event: &Event,
) -> Vec<&'a Pod> {
    let named: Vec<&str> = event
        .message
        .split_once("already used by pod(s) ")
        .map(|(_, names)| names.split([',', ' ']).map(str::trim).collect())
        .unwrap_or_default();
    cluster
        .in_namespace::<Pod>(&pod.metadata.namespace)
        .filter(|other| other.metadata.uid != pod.metadata.uid)
        .filter(|other| other.is_scheduled() && !other.is_finished())
        .filter(|other| other.node_name != pod.node_name)
        .filter(|other| {
            named.contains(&other.metadata.name.as_str())
                || claim.is_some_and(|claim| {
                    claim_names(other).any(|name| claim.metadata.name == name.as_str())
                })
        })
        .collect()
}

/// The node that the volume is attached to, by the attachment.
fn attached_to<'a>(cluster: &Cluster<'a>, pod: &Pod, event: &Event) -> Option<&'a str> {
    let volume = mount_events::volume_name(&event.message)?;
    cluster
        .all::<VolumeAttachment>()
        .filter(|attachment| attachment.spec.source.persistent_volume_name == volume)
        .map(|attachment| attachment.spec.node_name.as_str())
        .find(|node| pod.node_name != *node)
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    claim: Option<&PersistentVolumeClaim>,
    holders: &[&'a Pod],
    event: &'a Event,
) -> Sighting {
    let top = cluster.top_of(pod);
    let volume = mount_events::volume_name(&event.message).unwrap_or("its volume");
    let what = claim.map_or_else(
        || format!("volume {volume}"),
        |claim| {
            format!(
                "claim {} ({}, volume {volume})",
                claim.metadata.name,
                claim.spec.access_modes.join(", ")
            )
        },
    );
    let by: Vec<String> = holders
        .iter()
        .map(|holder| format!("Pod {} on Node {}", holder.metadata.name, holder.node_name))
        .collect();
    let elsewhere = attached_to(cluster, pod, event);
    let holder_node = holders
        .first()
        .map(|holder| holder.node_name.as_str())
        .or(elsewhere);
    let by = match (by.is_empty(), holder_node) {
        (false, _) => some_of(&by, 3),
        (true, Some(node)) => format!("Node {node}"),
        (true, None) => "another node".to_owned(),
    };
    let title = format!("Multi-Attach: {what} of {top} is already used by {by}");
    let explanation = format!(
        "Pod {} on Node {} cannot start: the volume can be attached to one node at a time. {}",
        pod.metadata.name,
        pod.node_name,
        why(cluster, pod, holders)
    );
    let mut sighting = Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .identified_by(
            "claim",
            claim.map_or(volume, |claim| claim.metadata.name.as_str()),
        )
        .evidence(event_evidence(event))
        .since(event.first_seen());
    for holder in holders.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            holder.reference(),
            "spec.nodeName",
            &holder.node_name,
        ));
    }
    if let Some(claim) = claim {
        sighting = sighting.evidence(Evidence::field(
            claim.reference(),
            "spec.accessModes",
            claim.spec.access_modes.join(", "),
        ));
    }
    let dead = holder_node
        .and_then(|node| cluster.get::<Node>("", node))
        .filter(|node| {
            condition(&node.status.conditions, "Ready").is_some_and(|ready| !ready.is_true())
        });
    if let Some(node) = dead {
        sighting = sighting.blames(node.reference(), "attached to");
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Use strategy Recreate and one replica in {top}, or a volume with ReadWriteMany"
        )))
        .suggest(Suggestion::look(
            "See where the volume is attached",
            "kubectl get volumeattachments",
        ))
}

fn why(cluster: &Cluster<'_>, pod: &Pod, holders: &[&Pod]) -> String {
    let top = cluster.top_of(pod);
    let by_itself = holders.iter().any(|holder| cluster.top_of(holder) == top);
    if !by_itself {
        return String::new();
    }
    let namespace = top.namespace.as_deref().unwrap_or_default();
    let rolls = top.kind == "Deployment"
        && cluster
            .get::<Deployment>(namespace, &top.name)
            .is_some_and(|deployment| deployment.spec.strategy.type_ != "Recreate");
    if rolls {
        format!("Strategy RollingUpdate of {top} starts the new pod before it stops the old one.")
    } else {
        format!("Both pods belong to {top}.")
    }
}
