use super::pod_volumes;
use super::scheduler_message::ReasonKind;
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PersistentVolumeClaim, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod gets no node before its claim is bound to a volume, and the claim is not.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: slow}
    /// status: {phase: Pending}
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
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: slow, volumeName: pv-1}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Find out why the claim is not bound.
    ///
    /// # What it cannot know
    /// Whether someone is about to make the volume by hand.
    ///
    /// # Source
    /// Plugin VolumeBinding of the scheduler.
    SCH018 "waits-for-claim" {
        role: Symptom,
        severity: Critical,
        confidence: 0.80,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["k8sgpt:Pod", "classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Claims) {
        for claim in awaited(cluster, &waiting) {
            let sighting = sighting(cluster, &waiting.top, waiting.pod, &claim);
            waiting.report(cluster, sink, sighting);
        }
    }
    for pod in unplaced.pods.iter().filter(|pod| is_being_bound(pod)) {
        let namespace = &pod.metadata.namespace;
        for name in pod_volumes::claim_names(pod) {
            let is_awaited = cluster
                .get::<PersistentVolumeClaim>(namespace, &name)
                .is_some_and(|claim| claim.status.phase != "Bound" && was_given_a_node(claim));
            if is_awaited
                && cluster.age(&pod.metadata) >= cluster.thresholds(&pod.metadata).pending_grace
            {
                sink.report(
                    sighting(cluster, &cluster.top_of(pod), pod, &name)
                        .seen_on(pod.reference(), "mounts")
                        .since(pod.metadata.creation_timestamp),
                );
            }
        }
    }
}

/// A pod for which a node is chosen and that is not there yet: binding waits for its volumes, and
/// nothing is said about the pod meanwhile.
fn is_being_bound(pod: &Pod) -> bool {
    unscheduled::waits(pod) && pod.condition("PodScheduled").is_none()
}

fn was_given_a_node(claim: &PersistentVolumeClaim) -> bool {
    claim
        .metadata
        .annotations
        .contains_key("volume.kubernetes.io/selected-node")
}

/// The claims that are named, else those that are not bound, else all.
fn awaited(cluster: &Cluster<'_>, waiting: &Unscheduled<'_>) -> Vec<String> {
    let named: Vec<String> = waiting
        .message
        .reasons
        .iter()
        .filter_map(|reason| match reason.kind {
            ReasonKind::ClaimMissing(name) | ReasonKind::ClaimDeleting(name) => {
                Some(name.to_owned())
            }
            _ => None,
        })
        .collect();
    if !named.is_empty() {
        return named;
    }
    let namespace = &waiting.pod.metadata.namespace;
    let all: Vec<String> = pod_volumes::claim_names(waiting.pod).collect();
    let unbound: Vec<String> = all
        .iter()
        .filter(|name| {
            cluster
                .get::<PersistentVolumeClaim>(namespace, name)
                .is_none_or(|claim| claim.status.phase != "Bound")
        })
        .cloned()
        .collect();
    if unbound.is_empty() { all } else { unbound }
}

fn sighting(cluster: &Cluster<'_>, top: &ObjectRef, pod: &Pod, name: &str) -> Sighting {
    let namespace = &pod.metadata.namespace;
    let known = cluster.get::<PersistentVolumeClaim>(namespace, name);
    let claim = known.map_or_else(
        || ObjectRef::namespaced("v1", "PersistentVolumeClaim", namespace, name),
        Object::reference,
    );
    let phase = known.map_or("unknown", |claim| claim.status.phase.as_str());
    let title = format!("{top} waits for {claim}, which is {phase}");
    let explanation =
        "Its pods cannot be scheduled before the claim is bound to a volume.".to_owned();
    let mut sighting = Sighting::of(claim.clone(), title, explanation)
        .blames(claim.clone(), "mounts")
        .evidence(Evidence::field(
            pod.reference(),
            "spec.volumes[*].persistentVolumeClaim.claimName",
            name,
        ));
    if let Some(known) = known {
        sighting = sighting
            .evidence(Evidence::field(claim, "status.phase", phase))
            .evidence(Evidence::field(
                known.reference(),
                "spec.storageClassName",
                known
                    .spec
                    .storage_class_name
                    .as_ref()
                    .map_or("none", |class| class.as_str()),
            ));
    }
    sighting.suggest(Suggestion::look(
        "See what holds the claim up",
        format!("kubectl -n {namespace} describe pvc {name}"),
    ))
}
