use super::state::{JOINING, describe, is_in_use};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::cloud_controller::cloud_controllers;
use crate::kubernetes::{Node, Object, Taint};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node joined the cluster and was never made ready for pods: a cloud controller, a network or a
    /// storage agent has not taken away the taint with which it starts.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2026-01-01T11:30:00Z"}
    /// spec:
    ///   taints: [{key: node.cloudprovider.kubernetes.io/uninitialized, value: "true", effect: NoSchedule}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2026-01-01T11:30:00Z"}
    /// spec:
    ///   taints: [{key: dedicated, value: gpu, effect: NoSchedule}]
    /// ```
    ///
    /// # How to fix
    /// Look at the controller or agent that has to take the taint away; start kubelets with
    /// `--cloud-provider=external` only where a cloud controller runs.
    ///
    /// # What it cannot know
    /// Why that controller does not act.
    ///
    /// # Source
    /// Taints node.cloudprovider.kubernetes.io/uninitialized and …/shutdown; start-up taints that end in
    /// `agent-not-ready`.
    NOD022 "node-not-initialized" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Deployment, DaemonSet],
        maps_to: [],
        check: Node(check),
    }
}

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if cluster.age(&node.metadata) < JOINING || !is_in_use(node) {
        return;
    }
    for taint in &node.spec.taints {
        let is_brief =
            taint.time_added.is_some() && cluster.seconds_since(taint.time_added) < JOINING;
        if let Some((what, who)) = waits_for(taint).filter(|_| !is_brief) {
            let mut sighting = sighting(node, taint, what, who);
            if taint.key == UNINITIALIZED {
                for workload in cloud_controllers(cluster) {
                    sighting = sighting.blames(workload, "initializes");
                }
            }
            sink.report(sighting);
        }
    }
}

/// The taint of a node that the cloud's controller has not looked at yet.
const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";

/// What a start-up taint says, and who has to take it away.
fn waits_for(taint: &Taint) -> Option<(&'static str, &'static str)> {
    let key = taint.key.as_str();
    if key == UNINITIALIZED {
        Some((
            "was never initialized by the cloud controller",
            "the cloud controller manager",
        ))
    } else if key == "node.cloudprovider.kubernetes.io/shutdown" {
        Some(("is shut down in the cloud", "whoever stopped the machine"))
    } else if key.ends_with("agent-not-ready") || key.ends_with("startup-taint") {
        Some(("still waits for an agent", "the agent that owns this taint"))
    } else {
        None
    }
}

fn sighting(node: &Node, taint: &Taint, what: &str, who: &str) -> Sighting {
    let own = node.reference();
    Sighting::of(
        own.clone(),
        format!("{own} {what}: taint {taint} is still there"),
        format!("No pod comes to it until {who} takes the taint away."),
    )
    .identified_by("taint", taint.key.as_str())
    .since(taint.time_added.or(node.metadata.creation_timestamp))
    .evidence(Evidence::field(own, "spec.taints", taint))
    .suggest(describe(node))
    .suggest(Suggestion::advice(format!("Look at {who}")))
}
