use super::sandbox_failure::{Part, SandboxFailure, agent_on, failure, part};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Kind, Node, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The network plugin of a node does not work: new pods there get no network and do not start. Where Multus does not
    /// find a further network that a pod asks for, the definition that is missing is told instead.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: node-1, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'failed to setup network for sandbox "x": plugin type="calico" failed (add): connection is unauthorized'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// A sandbox that came up since:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: node-1, containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: PodReadyToStartContainers, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedCreatePodSandBox
    /// message: 'plugin type="calico" failed (add): connection is unauthorized'
    /// lastTimestamp: "2026-01-01T11:50:00Z"
    /// ```
    ///
    /// # How to fix
    /// Bring the network agent of the node back.
    ///
    /// # What it cannot know
    /// What the plugin's own files on the node hold.
    ///
    /// # Source
    /// Events `FailedCreatePodSandBox` of the kubelet; pods of network agents.
    NET071 "node-network-agent-failing" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [Event, Node, DaemonSet],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(failure) = failure(cluster, pod) else {
        return;
    };
    let Part::Plugin(plugin) = part(&failure.event.message) else {
        return;
    };
    if let Some(sighting) = undefined_network(cluster, &failure) {
        sink.report(sighting);
    } else if !pod.node_name.is_empty() {
        sink.report(sighting(cluster, &failure, plugin));
    }
}

/// The further network of a pod that its namespace does not define, as Multus says it. Groups 1 and 2 are its name and its
/// namespace.
static UNDEFINED: Pattern = Pattern::new(
    r"cannot find (?:a )?network-attachment-definition \(([^)]+)\) in namespace \(([^)]+)\)",
);

/// Where a pod names the networks that it wants besides the cluster's own.
const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

/// A network that pods ask for by an annotation and that nobody defined: no fault of a node.
fn undefined_network(cluster: &Cluster<'_>, failure: &SandboxFailure<'_>) -> Option<Sighting> {
    let pod = failure.pod;
    let names = UNDEFINED.captures(&failure.event.message)?;
    let (name, namespace) = (names.get(1)?.as_str(), names.get(2)?.as_str());
    let network = ObjectRef::namespaced(
        "k8s.cni.cncf.io/v1",
        "NetworkAttachmentDefinition",
        namespace,
        name,
    );
    let top = cluster.top_of(pod);
    let asked = pod.metadata.annotations.get(NETWORKS).map(|asked| {
        let path = format!("metadata.annotations[{NETWORKS}]");
        Evidence::field(pod.reference(), &path, asked)
    });
    let sighting = Sighting::of(
        network.clone(),
        format!("{network} does not exist, and {top} asks for that network"),
        "Multus finds no such definition there, so the pods get no sandbox and do not start.",
    )
    .seen_on(pod.reference(), "network of")
    .all_evidence(asked)
    .evidence(failure.evidence())
    .since(failure.event.first_seen())
    .suggest(Suggestion::advice(format!(
        "Create {network}, or correct the annotation {NETWORKS} in the template of {top}"
    )))
    .suggest(Suggestion::look(
        "See which networks are defined",
        "kubectl get network-attachment-definitions --all-namespaces",
    ));
    Some(sighting)
}

fn sighting<'a>(cluster: &Cluster<'a>, failure: &SandboxFailure<'a>, plugin: &str) -> Sighting {
    let pod = failure.pod;
    let node_name = pod.node_name.as_str();
    let node = cluster.get::<Node>("", node_name).map_or_else(
        || ObjectRef::cluster_scoped(Kind::Node.api_version(), "Node", node_name),
        Object::reference,
    );
    let agent = agent_on(cluster, node_name, plugin);
    let subject = agent.map_or_else(|| node.clone(), |(_, set)| set.reference());
    let named = if plugin.is_empty() {
        "The network plugin".to_owned()
    } else {
        format!("Network plugin `{plugin}`")
    };
    let explanation = format!(
        "Pods there (such as those of {}) get no network and do not start.",
        cluster.top_of(pod)
    );
    let mut sighting = Sighting::of(
        subject.clone(),
        format!("{named} fails on {node}"),
        explanation,
    )
    .seen_on(pod.reference(), "network of")
    .identified_by("plugin", plugin)
    .evidence(failure.evidence())
    .evidence(Evidence::field(pod.reference(), "spec.nodeName", node_name))
    .since(failure.event.first_seen());
    if let Some((agent, set)) = agent {
        let ready = agent.condition("Ready");
        sighting = sighting
            .evidence(Evidence::message(
                agent.reference(),
                "status.conditions[Ready]",
                ready.map_or("no condition yet", |ready| &ready.message),
            ))
            .blames(set.reference(), "network agent");
    }
    sighting
        .suggest(Suggestion::advice(
            "Bring the network agent of the node back: read its pod's log, compare it with other nodes",
        ))
        .suggest(Suggestion::look(
            "See the agents on the node",
            format!("kubectl -n kube-system get pods --field-selector spec.nodeName={node_name}"),
        ))
}
