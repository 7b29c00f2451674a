use super::agent_peers::lonelier_peer;
use super::node_name_cache;
use super::sandbox_failure::moves_traffic;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::nodes::kept_off::{self, KeptOff, kept_off};
use crate::kubernetes::{DaemonSet, Event, Node, Object, Pod, PodSpec, condition};
use crate::model::{Evidence, Severity, Suggestion, counted};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node works, and what carries the traffic of its pods does not: kube-proxy, which runs on other nodes, is kept
    /// off it, so nothing on it leads to Services; or the pod of its network agent is not ready. Pods there wait in vain
    /// for names and for other pods.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: kube-proxy, namespace: kube-system, uid: d1}
    /// spec: {template: {spec: {containers: [{name: kube-proxy, image: "registry.k8s.io/kube-proxy:v1.35.0"}]}}}
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: gpu-1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {taints: [{key: accelerator, value: "yes", effect: NoSchedule}]}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: logs-1, namespace: kube-system, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: logs, uid: d2, controller: true}]}
    /// spec: {nodeName: gpu-1, containers: [{name: logs}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// An agent that says why it is not ready:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: calico-node-x2, namespace: kube-system, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: calico-node, uid: d1, controller: true}]}
    /// spec: {nodeName: n1, hostNetwork: true, containers: [{name: calico-node}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    ///   containerStatuses: [{name: calico-node, state: {running: {startedAt: "2025-12-01T00:00:00Z"}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: kube-system}
    /// involvedObject: {kind: Pod, namespace: kube-system, name: calico-node-x2, uid: p1}
    /// reason: Unhealthy
    /// message: "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.2"
    /// lastTimestamp: "2026-01-01T11:59:50Z"
    /// ```
    ///
    /// The cache of names that kubelets send pods to:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | dial tcp: lookup db.shop.svc.cluster.local on 169.254.20.10:53: read udp 10.0.9.8:4120->169.254.20.10:53: read: connection refused
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: node-local-dns, namespace: kube-system, uid: d1}
    /// spec:
    ///   template:
    ///     spec:
    ///       nodeSelector: {pool: old}
    ///       containers: [{name: node-cache, image: "registry.k8s.io/dns/k8s-dns-node-cache:1.26.4"}]
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: node-4, creationTimestamp: "2025-12-01T00:00:00Z", labels: {pool: new}}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: kube-proxy-x4
    ///   namespace: kube-system
    ///   ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: kube-proxy, uid: d2, controller: true}]
    /// spec: {nodeName: node-4, containers: [{name: kube-proxy, image: "registry.k8s.io/kube-proxy:v1.35.0"}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop}
    /// spec: {nodeName: node-4, containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    ///   containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T10:00:00Z"}}}]
    /// ```
    ///
    /// # Stays silent on
    /// A node on which no DaemonSet runs at all is none of machines (virtual nodes, Fargate):
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: kube-proxy, namespace: kube-system, uid: d1}
    /// spec: {template: {spec: {containers: [{name: kube-proxy, image: "registry.k8s.io/kube-proxy:v1.35.0"}]}}}
    /// status: {desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: virtual-1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// spec: {taints: [{key: virtual-kubelet.io/provider, effect: NoSchedule}]}
    /// status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}]}
    /// ```
    ///
    /// # How to fix
    /// Give kube-proxy the toleration (`operator: Exists`) or the node selector that the node asks for; cure the agent's
    /// pod by what it says.
    ///
    /// # What it cannot know
    /// Whether something that is no pod of the cluster does the work of kube-proxy on that node.
    ///
    /// # Source
    /// Template of DaemonSet kube-proxy, taints and labels of Nodes; events `Unhealthy` of network agents.
    NET072 "node-lacks-network-agent" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [Pod, DaemonSet, Event],
        maps_to: [],
        check: Node(check),
    }
}

/// Seconds in which a new node, or an agent that started again, may not be ready yet.
const GRACE: i64 = 300;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let ready = condition(&node.status.conditions, "Ready");
    let works = ready.is_some_and(|ready| {
        ready.is_true() && cluster.seconds_since(ready.last_transition_time) > GRACE
    });
    if !works || node.metadata.is_terminating() {
        return;
    }
    let agents: Vec<&Pod> = cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| pod.is_of_daemon_set() && pod.is_live())
        .collect();
    if agents.is_empty() {
        return;
    }
    // Few sets run it, many pods do not: those are looked through only where there is such a set.
    let kept_away_by = cluster.all::<DaemonSet>().find_map(|set| {
        let runs = set.status.number_ready > 0 && has_proxy(&set.spec.template.spec);
        if !runs || is_of_another_system(set, node) {
            return None;
        }
        Some((set, kept_off(set, node)?))
    });
    if let Some((set, why)) = kept_away_by
        && !cluster
            .pods_on(&node.metadata.name)
            .any(|pod| has_proxy(&pod.spec))
    {
        sink.report(kept_away(cluster, node, set, &why));
        return;
    }
    if let Some(sighting) = node_name_cache::missing(cluster, node) {
        sink.report(sighting);
    }
    for agent in agents {
        if moves_traffic(&agent.metadata.name) && is_late(cluster, agent) {
            sink.report(not_ready(cluster, node, agent));
        }
    }
}

/// Whether one of the containers runs kube-proxy.
fn has_proxy(spec: &PodSpec) -> bool {
    spec.containers
        .iter()
        .any(|container| container.image_name() == "kube-proxy")
}

/// Whether the set is for nodes of another operating system.
fn is_of_another_system(set: &DaemonSet, node: &Node) -> bool {
    const SYSTEM: &str = "kubernetes.io/os";
    let wanted = set.spec.template.spec.node_selector.get(SYSTEM);
    let is = node.metadata.labels.get(SYSTEM);
    wanted.is_some() && is.is_some() && wanted != is
}

/// Whether an agent runs and is not ready for longer than a start takes.
pub(super) fn is_late(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    let ready = pod.condition("Ready");
    let is_late = ready.is_some_and(|ready| {
        !ready.is_true() && cluster.seconds_since(ready.last_transition_time) > GRACE
    });
    is_late && !pod.metadata.is_terminating()
}

/// How bad it is: pods that need the network of the node are not well, or may not be.
pub(super) fn suffering(cluster: &Cluster<'_>, node: &Node) -> usize {
    cluster
        .pods_on(&node.metadata.name)
        .filter(|pod| pod.is_live() && !pod.spec.host_network && !pod.is_of_daemon_set())
        .filter(|pod| !pod.is_ready() && pod.has_started_a_container())
        .count()
}

fn kept_away(cluster: &Cluster<'_>, node: &Node, set: &DaemonSet, why: &KeptOff<'_>) -> Sighting {
    let own = node.reference();
    let subject = set.reference();
    let unwell = suffering(cluster, node);
    let severity = match (unwell, why) {
        // Who selects nodes by label may have something else that does its work on the others.
        (0, KeptOff::Selector(_)) => Severity::Info,
        (0, KeptOff::Taint(_)) => Severity::Warning,
        _ => Severity::Critical,
    };
    let title = format!(
        "kube-proxy does not run on {own}: {subject} {}",
        why.words()
    );
    let explanation = format!(
        "Without it nothing on that node leads to the addresses of Services: its pods reach neither the cluster's DNS nor the API server.{}",
        not_well(unwell)
    );
    kept_off::sighting(set, node, why, title, explanation)
        .severity(severity)
        .all_evidence(match why {
            KeptOff::Taint(taint) => {
                Some(Evidence::field(own.clone(), "spec.taints", taint))
            }
            KeptOff::Selector(_) => None,
        })
        .suggest(Suggestion::advice(format!(
            "Let {subject} run on {own}: kube-proxy belongs on every node, as a rule with the toleration `operator: Exists`"
        )))
        .suggest(Suggestion::look(
            "See what runs on the node",
            format!(
                "kubectl get pods --all-namespaces -o wide --field-selector spec.nodeName={}",
                own.name
            ),
        ))
}

pub(super) fn not_well(unwell: usize) -> String {
    match unwell {
        0 => String::new(),
        count => format!(" Not ready there: {}.", counted(count, "pod")),
    }
}

fn not_ready<'a>(cluster: &Cluster<'a>, node: &Node, agent: &'a Pod) -> Sighting {
    let own = node.reference();
    let subject = cluster.top_of(agent);
    let unwell = suffering(cluster, node);
    let severity = if unwell > 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let event = cluster.newest_event(agent, &["Unhealthy"]);
    let words = event.and_then(own_words);
    let title = match words {
        Some(words) => format!("Network agent of {own} is not ready: {words}"),
        None => format!("Network agent of {own} is not ready"),
    };
    let explanation = format!(
        "The pod of {subject} there carries the traffic between pods of that node and others.{}",
        not_well(unwell)
    );
    let ready = agent.condition("Ready");
    let sighting = Sighting::of(subject, title, explanation)
        .identified_by("node", own.name.as_str())
        .severity(severity)
        .all_evidence(event.map(event_evidence))
        .all_evidence(ready.map(|ready| {
            let text = ready.in_words();
            Evidence::message(agent.reference(), "status.conditions[Ready]", &text)
                .at(ready.last_transition_time)
        }))
        .evidence(Evidence::field(
            agent.reference(),
            "spec.nodeName",
            &own.name,
        ))
        .since(ready.and_then(|ready| ready.last_transition_time))
        .suggest(Suggestion::look(
            "Read its log",
            format!(
                "kubectl -n {} logs {} --tail=60",
                agent.metadata.namespace, agent.metadata.name
            ),
        ));
    // Who says why it is not ready is explained by that, or by the agent that fewer reach; else by what is wrong with its pod.
    if words.is_some() {
        let sighting = sighting.seen_on(agent.reference(), "network agent of");
        match lonelier_peer(cluster, agent) {
            Some(peer) => sighting.blames(peer, "does not reach"),
            None => sighting,
        }
    } else {
        sighting
            .seen_on(own, "network agent of")
            .blames(agent.reference(), "network agent")
    }
}

/// What a probe that is a program of the agent's own says: the last sentence behind `is not ready: `.
pub(super) fn own_words(event: &Event) -> Option<&str> {
    let line = event
        .message
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())?;
    let (_, words) = line.split_once(" is not ready: ")?;
    Some(words.trim())
}
