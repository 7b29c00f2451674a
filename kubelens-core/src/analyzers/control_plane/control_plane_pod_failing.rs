use super::controller_leader_lost::not_renewed;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::control_plane_pod::{LEADERS, component_pods};
use crate::analyzers::unix_socket::silent_listeners;
use crate::analyzers::workloads::last_words::{as_evidence, telling_line};
use crate::analyzers::workloads::log_words::short;
use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, ContainerLog};

declare_analyzer! {
    /// # What it means
    /// A part of the control plane (API server, controller manager, scheduler, etcd) does not run as it
    /// should. What it does for the whole cluster stops or slows down. Where several parts are refused because their
    /// client certificates ran out, which the API server's log says, that is told once.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: kube-scheduler-cp-1
    ///   namespace: kube-system
    ///   labels: {tier: control-plane, component: kube-scheduler}
    /// spec: {nodeName: cp-1, containers: [{name: kube-scheduler}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:50:00Z"}]
    /// ```
    /// It is ready and not let in, so nobody renews the lease of its kind:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/kube-scheduler-cp-1/kube-scheduler | E0101 11:59:58.1 1 leaderelection.go:332] error retrieving resource lock kube-system/kube-scheduler: Unauthorized
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: kube-scheduler-cp-1
    ///   namespace: kube-system
    ///   labels: {tier: control-plane, component: kube-scheduler}
    /// spec: {nodeName: cp-1, containers: [{name: kube-scheduler}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T01:50:00Z"}]
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: kube-scheduler, namespace: kube-system}
    /// spec: {holderIdentity: cp-1, renewTime: "2026-01-01T10:00:00Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: cp-1, namespace: kube-node-lease}
    /// spec: {holderIdentity: cp-1, renewTime: "2026-01-01T11:59:55Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: kube-scheduler-cp-1
    ///   namespace: kube-system
    ///   labels: {tier: control-plane, component: kube-scheduler}
    /// spec: {nodeName: cp-1, containers: [{name: kube-scheduler}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:50:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Read its log, and its manifest on the node.
    ///
    /// # What it cannot know
    /// Control planes that a provider runs out of sight.
    ///
    /// # Source
    /// Pods of kube-system with the label `tier=control-plane`; the lease of the part, and its log.
    CTL023 "control-plane-pod-failing" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [Lease],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

/// Seconds that a start takes.
const GRACE: i64 = 60;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &pod.metadata;
    if meta.namespace != "kube-system" || !pod.is_control_plane() || !pod.is_live() {
        return;
    }
    if pod.is_ready() {
        if let Some(sighting) = turned_away(cluster, pod) {
            sink.report(sighting);
        }
        return;
    }
    let ready = pod.condition("Ready");
    let since = ready
        .and_then(|ready| ready.last_transition_time)
        .or(meta.creation_timestamp);
    if cluster.seconds_since(since) > GRACE {
        sink.report(sighting(cluster, pod).since(since));
    }
}

fn sighting<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Sighting {
    let own = pod.reference();
    let component = pod.component().unwrap_or(&pod.metadata.name);
    let node = pod.node_name.non_empty().unwrap_or("no node");
    let words = last_words_of(cluster, pod);
    let refusal = words
        .filter(|(_, line)| line.contains(TURNED_AWAY))
        .and_then(|_| expired_client(cluster));
    let mut sighting = if let Some(refusal) = &refusal {
        refused(refusal, node).seen_on(own.clone(), "refuses")
    } else {
        let title = words.map_or_else(
            || format!("{component} on {node} does not run as it should: {own} is not ready"),
            |(_, line)| format!("{component} on {node} crashes and says: {}", short(line)),
        );
        let text = format!("{}{}", consequence(component), others(cluster, component));
        Sighting::of(own.clone(), title, text)
    };
    if let Some((container, _)) = words {
        sighting = sighting.all_evidence(as_evidence(cluster, pod, &container));
    }
    if let Some(ready) = pod.condition("Ready") {
        sighting = sighting.evidence(
            Evidence::message(own.clone(), "status.conditions[Ready]", &ready.message)
                .at(ready.last_transition_time),
        );
    }
    for container in pod.containers() {
        let state = container
            .waiting()
            .map(|waiting| format!("{}: {}", waiting.reason, waiting.message))
            .or_else(|| {
                container
                    .last_end()
                    .map(|end| format!("exit code {} ({})", end.exit_code, end.reason))
            });
        if let Some(state) = state {
            sighting = sighting.evidence(Evidence::message(
                own.clone(),
                &container.status_path("state"),
                &state,
            ));
        }
    }
    if let Some(etcd) = failing_etcd(cluster, pod) {
        sighting = sighting.blames(etcd, "stores in");
    }
    for plugin in silent_plugins(cluster, pod) {
        sighting = sighting.blames(plugin, "asks");
    }
    sighting
        .evidence(Evidence::field(own, "spec.nodeName", node))
        .suggest(Suggestion::look(
            "Read its log",
            format!(
                "kubectl -n {} logs {} --tail=60",
                pod.metadata.namespace, pod.metadata.name
            ),
        ))
}

/// The plugins of the node that it calls over a socket, where the newest call that failed was not answered: who decrypts
/// Secrets for an API server is one.
fn silent_plugins(cluster: &Cluster<'_>, pod: &Pod) -> Vec<ObjectRef> {
    let logs = logs_of(cluster, pod);
    let newest_first = logs.iter().flat_map(|log| log.lines.iter().rev());
    newest_first
        .map(|line| silent_listeners(cluster, line, &pod.node_name))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// What its containers wrote, in this run and in the one before.
fn logs_of<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<&'a ContainerLog> {
    let runs = pod.containers().flat_map(|container| {
        [false, true].map(|previous| cluster.log(pod, container.name(), previous))
    });
    runs.flatten().collect()
}

/// The etcd beside an API server that keeps its objects there, where both are not ready: what the API server says, if it
/// says anything, is about its store.
fn failing_etcd(cluster: &Cluster<'_>, pod: &Pod) -> Option<ObjectRef> {
    const STORE: [&str; 3] = [":2379", "etcd", "storage factory"];
    if pod.component() != Some("kube-apiserver") {
        return None;
    }
    let beside = component_pods(cluster, "etcd")
        .find(|etcd| etcd.node_name == pod.node_name && !etcd.is_ready())?;
    let logs = logs_of(cluster, pod);
    let mut lines = logs.iter().flat_map(|log| &log.lines);
    let is_of_the_store = lines.any(|line| STORE.iter().any(|word| line.contains(word)));
    (logs.is_empty() || is_of_the_store).then(|| beside.reference())
}

/// The API server, and the line of its log by which it refuses a client whose certificate ran out.
fn expired_client<'a>(cluster: &Cluster<'a>) -> Option<(&'a Pod, ContainerView<'a>, &'a str)> {
    component_pods(cluster, "kube-apiserver").find_map(|pod| {
        pod.containers().find_map(|container| {
            let log = cluster.log(pod, container.name(), false)?;
            let line = log.lines.iter().rev().find(|line| {
                line.contains("Unable to authenticate the request")
                    && line.contains("certificate has expired")
            })?;
            Some((pod, container, line.trim()))
        })
    })
}

/// A part that runs and is ready, and that the API server does not let in: it cannot renew its lease.
fn turned_away<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<Sighting> {
    let component = pod.component()?;
    let (lease, _) = LEADERS
        .into_iter()
        .find(|leader| *leader == component)
        .and_then(|leader| not_renewed(cluster, leader))?;
    let (container, line) = pod.containers().find_map(|container| {
        let log = cluster.log(pod, container.name(), false)?;
        let line = log
            .lines
            .iter()
            .rev()
            .find(|line| line.contains(TURNED_AWAY))?;
        Some((container, line.trim()))
    })?;
    let own = pod.reference();
    let node = pod.node_name.non_empty().unwrap_or("no node");
    let sighting = expired_client(cluster).map_or_else(
        || {
            Sighting::of(
                own.clone(),
                format!("kube-apiserver does not let {component} on {node} in: {TURNED_AWAY}"),
                consequence(component),
            )
            .suggest(Suggestion::advice(format!(
                "Look at the client certificate in the kubeconfig of {component} on {node}: it has expired, or another authority signed it"
            )))
        },
        |refusal| refused(&refusal, node).seen_on(own.clone(), "refuses"),
    );
    Some(
        sighting
            .evidence(Evidence::log(own, container.name(), line, None))
            .since(lease.spec.renew_time),
    )
}

/// What a client is told whose certificate or token is not accepted.
const TURNED_AWAY: &str = "Unauthorized";

/// The same for every part that is refused: who renews the certificates of the node mends all.
fn refused((server, container, line): &(&Pod, ContainerView<'_>, &str), node: &str) -> Sighting {
    let own = server.reference();
    Sighting::of(
        own.clone(),
        format!("Client certificates of the control plane on {node} have expired: kube-apiserver answers Unauthorized"),
        "What is refused does not run: without a scheduler new pods get no node, without a controller manager nothing is replaced or rolled out.",
    )
    .identified_by("refused", "expired client certificate")
    .identified_by("node", node)
    .evidence(Evidence::log(own, container.name(), line, None))
    .suggest(Suggestion::advice(format!(
        "Renew the certificates on {node} (with kubeadm: `kubeadm certs renew all`) and restart the control plane's pods there"
    )))
}

/// What a container of a component that crashes said last.
fn last_words_of<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<(ContainerView<'a>, &'a str)> {
    let mut failed = pod
        .containers()
        .filter(|container| !container.is_ready())
        .filter(|container| container.last_end().is_some_and(|end| end.exit_code != 0));
    failed.find_map(|container| Some((container, telling_line(cluster, pod, &container)?)))
}

/// How many of its kind are ready, where there are several, as a sentence with a blank before it.
fn others(cluster: &Cluster<'_>, component: &str) -> String {
    let known = [
        "etcd",
        "kube-apiserver",
        "kube-scheduler",
        "kube-controller-manager",
    ];
    let Some(component) = known.into_iter().find(|known| *known == component) else {
        return String::new();
    };
    let all: Vec<&Pod> = component_pods(cluster, component).collect();
    let ready = all.iter().filter(|pod| pod.is_ready()).count();
    if all.len() < 2 {
        return String::new();
    }
    format!(" {ready} of its {} pods are ready.", all.len())
}

fn consequence(component: &str) -> &'static str {
    match component {
        "kube-scheduler" => "New pods get no node while no scheduler runs.",
        "kube-controller-manager" => {
            "Controllers stand still: no replacement of pods, no endpoints, no rollouts."
        }
        "etcd" => {
            "The API server loses a member of its store; without a majority nothing can be written."
        }
        "kube-apiserver" => "Requests fail or go to the other API servers.",
        _ => "What it does for the cluster stops.",
    }
}
