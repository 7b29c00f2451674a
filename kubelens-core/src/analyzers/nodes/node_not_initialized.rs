use super::state::{JOINING, describe, is_in_use};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::cloud_controller::{Complaint, UNINITIALIZED, cloud_controllers, complaint};
use crate::kubernetes::{Node, Object, Taint};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node joined the cluster and was never made ready for pods: a cloud controller, a network or a
    /// storage agent has not taken away the taint with which it starts. Where the log of a cloud controller that
    /// runs says why, and the reason is not the machine itself, it is told once, of that controller.
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
    /// Why that controller does not act, where its log was not read or names none of the nodes.
    ///
    /// # Source
    /// Taints node.cloudprovider.kubernetes.io/uninitialized and …/shutdown; start-up taints that end in
    /// `agent-not-ready`.
    NOD022 "node-not-initialized" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Deployment, DaemonSet, ReplicaSet, Pod],
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
            sink.report(if taint.key == UNINITIALIZED {
                by_the_cloud(cluster, node, taint, what, who)
            } else {
                by_the_agent(cluster, node, taint, sighting(node, taint, what, who))
            });
        }
    }
}

/// The agent whose taint it is, where its pod on the node is not ready: its name and the key share a word, as in
/// `node.cilium.io/agent-not-ready`.
fn by_the_agent(
    cluster: &Cluster<'_>,
    node: &Node,
    taint: &Taint,
    mut sighting: Sighting,
) -> Sighting {
    const OF_ANY: [&str; 4] = ["node", "agent", "csi", "io"];
    let words: Vec<&str> = taint.key.split(['.', '/', '-']).collect();
    for pod in cluster.pods_on(&node.metadata.name) {
        let owner = pod.metadata.controller().filter(|_| pod.is_of_daemon_set());
        let is_its = owner.is_some_and(|owner| {
            let mut parts = owner.name.split('-').filter(|part| !OF_ANY.contains(part));
            parts.any(|part| words.contains(&part))
        });
        if is_its && !pod.is_ready() {
            sighting = sighting.blames(pod.reference(), "takes the taint from");
        }
    }
    sighting
}

/// A node that the cloud's controller does not initialize: its log may say why.
fn by_the_cloud(
    cluster: &Cluster<'_>,
    node: &Node,
    taint: &Taint,
    what: &str,
    who: &str,
) -> Sighting {
    let own = complaint(cluster, &[node.metadata.name.as_str()]);
    let of_the_machine = own.as_ref().filter(|own| own.is_about_the_machine());
    if of_the_machine.is_none()
        && let Some(reason) = &cluster.once(Reason::of).0
        && !reason.is_about_the_machine()
    {
        return of_the_controller(node, taint, reason);
    }
    let mut sighting =
        sighting(node, taint, what, who).all_evidence(of_the_machine.map(|own| own.evidence()));
    for workload in cloud_controllers(cluster) {
        sighting = sighting.blames(workload, "initializes");
    }
    sighting
}

/// What the cloud's controller says of any of the nodes that wait for it: all of them have the same.
struct Reason(Option<Complaint>);

impl Reason {
    fn of(cluster: &Cluster<'_>) -> Self {
        let uninitialized = cluster.nodes_but_heartbeats().filter(|node| {
            let mut taints = node.spec.taints.iter();
            taints.any(|taint| taint.key == UNINITIALIZED)
        });
        let names: Vec<&str> = uninitialized
            .map(|node| node.metadata.name.as_str())
            .collect();
        Self(complaint(cluster, &names))
    }
}

fn of_the_controller(node: &Node, taint: &Taint, reason: &Complaint) -> Sighting {
    let controller = &reason.workload;
    let namespace = controller.namespace.as_deref().unwrap_or_default();
    let resource = format!("{}/{}", controller.kind.to_lowercase(), controller.name);
    Sighting::of(
        controller.clone(),
        format!(
            "{controller} does not initialize nodes and says: {}",
            reason.gist()
        ),
        format!("It runs, and the nodes keep taint {taint}: no pod comes to them until it takes that away."),
    )
    .seen_on(node.reference(), "initializes")
    .identified_by("taint", taint.key.as_str())
    .since(taint.time_added.or(node.metadata.creation_timestamp))
    .evidence(reason.evidence())
    .evidence(Evidence::field(node.reference(), "spec.taints", taint))
    .suggest(Suggestion::advice(
        "Correct what its log names: its login at the cloud, or the way to it",
    ))
    .suggest(Suggestion::look(
        "Read its log",
        format!("kubectl -n {namespace} logs {resource} --all-containers --tail=60"),
    ))
}

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
