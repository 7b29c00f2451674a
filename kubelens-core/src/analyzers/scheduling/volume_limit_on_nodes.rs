use super::pod_volumes;
use super::scheduler_message::ReasonKind;
use super::unscheduled;
use super::verdict::Verdict;
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{CSINode, Object, VolumeAttachment};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// Nodes can attach only so many volumes of a driver, and those that a pod may use have no place left
    /// for one more; or the storage of a topology has no room for the claim.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// ---
    /// apiVersion: storage.k8s.io/v1
    /// kind: CSINode
    /// metadata: {name: n1, uid: n1}
    /// spec: {drivers: [{name: disk.csi.example.com, allocatable: {count: 1}}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) exceed max volume count."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: CSINode
    /// metadata: {name: n1, uid: n1}
    /// spec: {drivers: [{name: disk.csi.example.com, allocatable: {count: 1}}]}
    /// ```
    ///
    /// # How to fix
    /// Add a node, spread the pods with volumes, or use larger machines that attach more.
    ///
    /// # What it cannot know
    /// What the cloud counts besides volumes of pods.
    ///
    /// # Source
    /// Plugin NodeVolumeLimits of the scheduler; `allocatable.count` of storage/v1 CSINode.
    SCH017 "volume-limit-on-nodes" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace, CSINode, VolumeAttachment],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::VolumeLimit) {
        let claims: Vec<String> = pod_volumes::claim_names(waiting.pod).collect();
        let lacks_storage = waiting.message.has(|kind| kind == ReasonKind::FreeStorage);
        let (title, what) = if lacks_storage {
            (
                format!(
                    "No topology has enough free storage for the claims of {}",
                    waiting.top
                ),
                "node(s) did not have enough free storage",
            )
        } else {
            (
                format!(
                    "Nodes that {} may use have reached the maximum number of volumes they can attach",
                    waiting.top
                ),
                "max volume count is exceeded on them",
            )
        };
        let explanation = format!(
            "Its pods (claims {}) cannot be scheduled: {what}.{}",
            claims.join(", "),
            waiting.others()
        );
        let mut sighting = waiting.of_the_owner(title, explanation);
        for node in cluster.all::<CSINode>() {
            for driver in &node.spec.drivers {
                let Some(limit) = driver.allocatable.as_ref().and_then(|all| all.count) else {
                    continue;
                };
                let attached = cluster
                    .all::<VolumeAttachment>()
                    .filter(|attachment| {
                        attachment.spec.node_name == node.metadata.name.as_str()
                            && attachment.spec.attacher == driver.name.as_str()
                    })
                    .count();
                if sighting.evidence.len() < 5 {
                    sighting = sighting.evidence(Evidence::field(
                        node.reference(),
                        "spec.drivers[*].allocatable.count",
                        format!("{limit} for {} ({attached} attached)", driver.name),
                    ));
                }
            }
        }
        let sighting = sighting.suggest(Suggestion::advice(
            "Add a node, or move pods with volumes of this driver elsewhere",
        ));
        waiting.report(cluster, sink, sighting);
    }
}
