use super::pod_volumes;
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PersistentVolumeClaim, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A claim of access mode ReadWriteOncePod serves one pod at a time, and another pod uses it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {accessModes: [ReadWriteOncePod], volumeName: pv-1}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p0}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, uid: p1}
    /// spec:
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p0}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Run one replica, replace pods with strategy Recreate, or use an access mode for several.
    ///
    /// # What it cannot know
    /// Whether the program allows a second writer.
    ///
    /// # Source
    /// Plugin VolumeRestrictions of the scheduler.
    SCH021 "exclusive-volume-in-use" {
        role: Root,
        severity: Critical,
        confidence: 0.96,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::ExclusiveVolume) {
        let claims: Vec<String> = exclusive_claims(cluster, &waiting);
        let holder = holder(cluster, &waiting, &claims);
        let leaves = holder.as_ref().is_some_and(|(pod, _)| {
            pod.metadata
                .deletion_timestamp
                .is_some_and(|end| end > cluster.now())
        });
        if !leaves {
            let sighting = sighting(cluster, &waiting, &claims, holder);
            waiting.report(cluster, sink, sighting);
        }
    }
}

fn exclusive_claims(cluster: &Cluster<'_>, waiting: &Unscheduled<'_>) -> Vec<String> {
    pod_volumes::claim_names(waiting.pod)
        .filter(|name| {
            cluster
                .get::<PersistentVolumeClaim>(&waiting.pod.metadata.namespace, name)
                .is_none_or(|claim| {
                    claim
                        .spec
                        .access_modes
                        .iter()
                        .any(|mode| *mode == "ReadWriteOncePod")
                })
        })
        .collect()
}

fn holder<'a>(
    cluster: &Cluster<'a>,
    waiting: &Unscheduled<'a>,
    claims: &[String],
) -> Option<(&'a Pod, String)> {
    cluster
        .in_namespace::<Pod>(&waiting.pod.metadata.namespace)
        .filter(|pod| pod.is_scheduled() && !pod.is_finished())
        .find_map(|pod| {
            let name = pod_volumes::claim_names(pod).find(|name| claims.contains(name))?;
            Some((pod, name))
        })
}

fn sighting(
    cluster: &Cluster<'_>,
    waiting: &Unscheduled<'_>,
    claims: &[String],
    holder: Option<(&Pod, String)>,
) -> Sighting {
    let (claim, by) = match &holder {
        Some((pod, claim)) => (
            claim.clone(),
            format!("Pod {} on {}", pod.metadata.name, pod.node_name),
        ),
        None => (claims.join(", "), "another pod".to_owned()),
    };
    let holder_of = holder.as_ref().map(|(pod, _)| cluster.top_of(pod));
    let title = format!(
        "Claim {claim} is ReadWriteOncePod and in use by {by}: {} cannot have it too",
        waiting.top
    );
    let explanation = "A second pod with this claim cannot be scheduled before the first is gone.";
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .identified_by("claim", claim.clone());
    if let Some((pod, _)) = holder {
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.volumes[*].persistentVolumeClaim.claimName",
            claim,
        ));
    }
    let advice = match holder_of {
        Some(other) if !other.is_same(&waiting.top) => format!(
            "Let {} run when the pod of {other} does not, let it read a copy of the data, or use access mode ReadWriteOnce (both on one node) or ReadWriteMany",
            waiting.top
        ),
        _ => format!(
            "Run one replica of {} and replace it with strategy Recreate, or use access mode ReadWriteOnce or ReadWriteMany",
            waiting.top
        ),
    };
    sighting.suggest(Suggestion::advice(advice))
}
