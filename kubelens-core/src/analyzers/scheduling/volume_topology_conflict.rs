use super::fit::Blocker;
use super::pod_volumes::{self, BoundVolume};
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Node, Object};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A volume can be reached from some nodes only, and the pod that uses it may run on none of them.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {topology.kubernetes.io/zone: b}}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec:
    ///   nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}]}}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {volumeName: pv-1}
    /// status: {phase: Bound}
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
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec:
    ///   nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: db}]}
    /// status: {phase: Running}
    /// ```
    /// Where the volume is there is no room, and elsewhere there is none either:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {topology.kubernetes.io/zone: a}}
    /// status: {allocatable: {cpu: "1", memory: 4Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2, uid: n2, labels: {topology.kubernetes.io/zone: b}}
    /// status: {allocatable: {cpu: "1", memory: 4Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolume
    /// metadata: {name: pv-1, uid: v1}
    /// spec:
    ///   nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}]}}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {volumeName: pv-1}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db, resources: {requests: {cpu: 500m}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match PersistentVolume's node affinity."}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: busy-1, namespace: shop, uid: p2}
    /// spec: {nodeName: n1, containers: [{name: busy, resources: {requests: {cpu: 800m}}}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: busy-2, namespace: shop, uid: p3}
    /// spec: {nodeName: n2, containers: [{name: busy, resources: {requests: {cpu: 800m}}}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Let the pod run where the volume is, bring a node back there, or restore the data to a volume
    /// elsewhere.
    ///
    /// # What it cannot know
    /// Whether the data can be given up.
    ///
    /// # Source
    /// Plugin VolumeBinding of the scheduler; `nodeAffinity` of core/v1 PersistentVolume.
    SCH015 "volume-topology-conflict" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::VolumeTopology) {
        let sighting = match &waiting.fit.blocker {
            Blocker::Volume { bound, reached } => sighting(cluster, &waiting, *bound, reached),
            _ => match pod_volumes::bound(cluster, waiting.pod).first() {
                Some(bound) => sighting(cluster, &waiting, *bound, &[]),
                None => stated(&waiting),
            },
        };
        waiting.report(cluster, sink, sighting);
    }
}

fn stated(waiting: &Unscheduled<'_>) -> Sighting {
    let claims: Vec<String> = pod_volumes::claim_names(waiting.pod).collect();
    waiting
        .of_the_owner(
            format!(
                "The volume of {} (claim {}) cannot be reached from any node that its pods may use",
                waiting.top,
                claims.join(", ")
            ),
            format!("Its pods cannot be scheduled: the volume's node affinity conflicts with where they may run.{}", waiting.others()),
        )
        .suggest(Suggestion::advice(
            "Let the pod run in the zone of its volume",
        ))
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    waiting: &Unscheduled<'a>,
    bound: BoundVolume<'a>,
    reached: &[&'a Node],
) -> Sighting {
    let place = pod_volumes::place(bound.volume);
    let volume = &bound.volume.metadata.name;
    let claim = bound.claim.reference();
    let names = some_of(reached.iter().map(|node| node.metadata.name.as_str()), 3);
    let are_known = cluster.is_complete(Kind::Node, "");
    let title = if reached.is_empty() && !are_known {
        format!(
            "Volume {volume} of {claim} can only be reached from nodes with {place}, and on none of those can {} run",
            waiting.top
        )
    } else if reached.is_empty() {
        format!(
            "Volume {volume} of {claim} can only be reached from nodes with {place}, and there is none"
        )
    } else {
        format!(
            "Volume {volume} of {claim} is tied to {place}, where {} cannot run",
            waiting.top
        )
    };
    let why = if reached.is_empty() && !are_known {
        "Which nodes there are could not be read.".to_owned()
    } else if reached.is_empty() {
        "No node here matches the node affinity of the volume.".to_owned()
    } else {
        let state: Vec<String> = reached
            .iter()
            .take(3)
            .map(|node| format!("{}: {}", node.metadata.name, hindrance(waiting, node)))
            .collect();
        format!(
            "It can be reached from {names}, and the pod cannot run there ({}).",
            state.join("; ")
        )
    };
    let explanation = format!(
        "Pods of {} cannot be scheduled: volume node affinity conflict. {why}{}",
        waiting.top,
        waiting.others()
    );
    // Where the pod's own spec keeps it off each node that reaches the volume, that spec has to change.
    let is_of_the_spec = !reached.is_empty()
        && reached
            .iter()
            .all(|node| !waiting.pod.spec.selects_node(node));
    let subject = if is_of_the_spec {
        waiting.top.clone()
    } else {
        claim
    };
    let mut sighting = Sighting::of(subject, title, explanation)
        .evidence(Evidence::field(
            bound.claim.reference(),
            "spec.volumeName",
            volume,
        ))
        .evidence(Evidence::field(
            bound.volume.reference(),
            "spec.nodeAffinity",
            &place,
        ));
    let elsewhere = cluster
        .all::<Node>()
        .filter(|node| waiting.pod.spec.selects_node(node))
        .filter(|node| !pod_volumes::reaches(bound.volume, node));
    for node in elsewhere.take(3) {
        for key in zone_keys(bound) {
            if let Some(value) = node.metadata.labels.value(&key) {
                sighting = sighting.evidence(Evidence::field(
                    node.reference(),
                    &format!("metadata.labels.{key}"),
                    value,
                ));
            }
        }
    }
    for node in reached {
        sighting = sighting.blames(node.reference(), "reached from");
    }
    let advice = if reached.is_empty() && are_known {
        format!("Bring a node with {place} back, or restore the data to a volume elsewhere")
    } else {
        format!(
            "Let {} run where the volume is ({place}), bring a node back there, or restore the data elsewhere",
            waiting.top
        )
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See what ties the volume",
            format!("kubectl describe pv {volume}"),
        ))
}

fn hindrance(waiting: &Unscheduled<'_>, node: &Node) -> String {
    if !waiting.pod.spec.selects_node(node) {
        return "outside the pod's node selector or affinity".to_owned();
    }
    let taints: Vec<String> = waiting
        .pod
        .spec
        .untolerated_taints(node)
        .iter()
        .map(ToString::to_string)
        .collect();
    if node.spec.unschedulable {
        "cordoned".to_owned()
    } else if !taints.is_empty() {
        format!("taint {} not tolerated", taints.join(", "))
    } else {
        "no room left".to_owned()
    }
}

fn zone_keys(bound: BoundVolume<'_>) -> Vec<String> {
    bound
        .volume
        .spec
        .node_affinity
        .as_ref()
        .and_then(|affinity| affinity.required.as_ref())
        .into_iter()
        .flat_map(|required| required.node_selector_terms.iter())
        .flat_map(|term| term.match_expressions.iter())
        .map(|expression| expression.key.to_string())
        .collect()
}
