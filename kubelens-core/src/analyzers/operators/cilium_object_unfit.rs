use std::collections::BTreeSet;

use super::bad_condition::words;
use super::cilium_policy;
use super::failing::{describe, failing, titled};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    Condition, CustomObject, Kind, Namespace, Node, Pod, ServiceAccount, text_at,
};
use crate::model::{Evidence, ObjectRef, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Cilium does not bring a pod's network into being, refuses a network policy, or keeps a policy or an
    /// identity that stands for nothing.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: cilium.io/v2
    /// kind: CiliumNetworkPolicy
    /// metadata: {name: api, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {endpointSelector: {matchLabels: {app: api}}}
    /// status: {conditions: [{type: Valid, status: "False", message: "Invalid CIDR"}]}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: cilium.io/v2
    /// kind: CiliumEndpoint
    /// metadata: {name: web-1, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {state: waiting-for-identity, networking: {node: 10.0.0.1}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// status: {phase: Running}
    /// ```
    /// Peers that no pod and no workload can be, and nodes that are not there:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod, Node, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob
    /// apiVersion: cilium.io/v2
    /// kind: CiliumNetworkPolicy
    /// metadata: {name: api, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: wbe}}]}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, labels: {app: web}}
    /// status: {phase: Running}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Node
    /// apiVersion: cilium.io/v2
    /// kind: CiliumClusterwideNetworkPolicy
    /// metadata: {name: hosts, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {nodeSelector: {matchLabels: {pool: gone}}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, labels: {pool: main}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: cilium.io/v2
    /// kind: CiliumEndpoint
    /// metadata: {name: web-1, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {state: ready, networking: {node: 10.0.0.1}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, labels: {app: api}}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: cilium.io/v2
    /// kind: CiliumNetworkPolicy
    /// metadata: {name: api, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {endpointSelector: {matchLabels: {app: api}}}
    /// status: {conditions: [{type: Valid, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Correct the policy as its condition says; look at the agent on the pod's node.
    ///
    /// # What it cannot know
    /// What the data path of a node does.
    ///
    /// # Source
    /// `status.state` of CiliumEndpoint; condition Valid and selectors of CiliumNetworkPolicy and
    /// CiliumClusterwideNetworkPolicy; labels of CiliumIdentity.
    OPS071 "cilium-object-unfit" {
        role: Both,
        severity: Warning,
        confidence: 0.88,
        reads: [
            Pod, Node, Namespace, ServiceAccount, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Event],
        maps_to: ["POP-1600", "POP-1601", "POP-1602", "POP-1603", "POP-1604", "POP-1700", "POP-1701", "POP-1702", "POP-1703", "POP-1704"],
        check: Cluster(check),
    }
}

const GROUP: &str = "cilium.io";

/// Seconds that an endpoint may take, and an identity may be without an endpoint.
const ENDPOINT_GRACE: i64 = 120;
const IDENTITY_GRACE: i64 = 1800;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for endpoint in cluster.customs(GROUP, "CiliumEndpoint") {
        check_endpoint(cluster, endpoint, sink);
    }
    for kind in ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"] {
        for policy in cluster.customs(GROUP, kind) {
            check_policy(cluster, policy, sink);
        }
    }
    check_identities(cluster, sink);
}

fn check_endpoint(cluster: &Cluster<'_>, endpoint: &CustomObject, sink: &mut Sink) {
    let meta = &endpoint.metadata;
    let state = endpoint.status_text("/state");
    if cluster.age(meta) <= ENDPOINT_GRACE {
        return;
    }
    let pod = ObjectRef::namespaced("v1", "Pod", &meta.namespace, &meta.name);
    let lookup = cluster.look_up::<Pod>(&meta.namespace, &meta.name);
    let own = endpoint.reference();
    if lookup.is_absent() {
        let text = "It is left over: the agent of its node did not clean up.";
        let title = format!("{own} stands for a pod that is gone");
        sink.report(
            Sighting::of(own, title, text)
                .identified_by("fact", "pod gone")
                .severity(Severity::Info)
                .evidence(Evidence::absence(pod, "no pod of that name"))
                .suggest(describe(endpoint)),
        );
        return;
    }
    unknown_node(cluster, endpoint, sink);
    let is_settled = matches!(state, "" | "ready" | "restoring" | "regenerating");
    if lookup.found().is_some_and(Pod::is_live) && !is_settled {
        let title = format!("{own} is {state}: {pod} has no network policy in force");
        let text = "Traffic of the pod may be dropped, or not be filtered as asked for.";
        let node = endpoint.status_text("/networking/node");
        sink.report(
            Sighting::of(own.clone(), title, text)
                .evidence(Evidence::field(own.clone(), "status.state", state))
                .evidence(Evidence::field(own, "status.networking.node", node))
                .blames(pod, "endpoint of")
                .since(meta.creation_timestamp)
                .suggest(describe(endpoint)),
        );
    }
}

/// An endpoint that says to be on a node which no node of the cluster is.
fn unknown_node(cluster: &Cluster<'_>, endpoint: &CustomObject, sink: &mut Sink) {
    let address = endpoint.status_text("/networking/node");
    let is_known = |node: &Node| {
        let all = &node.status.addresses;
        all.is_empty() || all.iter().any(|one| one.address == *address)
    };
    if address.is_empty()
        || !cluster.is_complete(Kind::Node, "")
        || cluster.all::<Node>().any(is_known)
    {
        return;
    }
    let own = endpoint.reference();
    let text =
        "Its node was replaced or has another address now; traffic to the pod may go astray.";
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} is on a node that is not there"),
            text,
        )
        .identified_by("fact", "node gone")
        .severity(Severity::Info)
        .evidence(Evidence::field(own, "status.networking.node", address))
        .suggest(describe(endpoint)),
    );
}

fn check_policy(cluster: &Cluster<'_>, policy: &CustomObject, sink: &mut Sink) {
    if let Some(valid) = policy.condition("Valid").filter(Condition::is_false) {
        let said = titled(policy, "is refused by Cilium", &words(&valid));
        let text = "It filters nothing as long as it is not valid.";
        let bad = [valid];
        return sink
            .report(failing(cluster, policy, said, text, &bad).severity(Severity::Critical));
    }
    if cluster.age(&policy.metadata) <= ENDPOINT_GRACE {
        return;
    }
    cilium_policy::check_parts(cluster, policy, sink);
    let Some(wanted) = policy.spec.get("endpointSelector") else {
        return;
    };
    let Some(selector) = cilium_policy::selector_of(wanted).filter(|selector| !selector.is_empty())
    else {
        return;
    };
    if cilium_policy::matches_nothing(cluster, policy, &selector) {
        let own = policy.reference();
        let text =
            "It filters nothing: its selector matches no pod, and no workload that could make one.";
        sink.report(
            Sighting::of(own.clone(), format!("{own} selects no pod"), text)
                .identified_by("fact", "selector")
                .severity(Severity::Info)
                .evidence(Evidence::field(own, "spec.endpointSelector", wanted))
                .suggest(describe(policy)),
        );
    }
}

/// Identities that no endpoint has, of a namespace or an account that is gone.
fn check_identities(cluster: &Cluster<'_>, sink: &mut Sink) {
    let is_known = cluster
        .look_up_custom(GROUP, "CiliumEndpoint", "", "")
        .is_absent();
    if !is_known || !cluster.snapshot().scope().namespaces.is_empty() {
        return;
    }
    let used: BTreeSet<String> = cluster
        .customs(GROUP, "CiliumEndpoint")
        .filter_map(|endpoint| endpoint.status.pointer("/identity/id"))
        .map(ToString::to_string)
        .collect();
    for identity in cluster.customs(GROUP, "CiliumIdentity") {
        let is_old = cluster.age(&identity.metadata) > IDENTITY_GRACE;
        if used.is_empty() || !is_old || used.contains(identity.metadata.name.as_str()) {
            continue;
        }
        let Some(missing) = missing_owner(cluster, identity) else {
            continue;
        };
        let own = identity.reference();
        let text = "It is left over; the operator of Cilium cleans such up.";
        sink.report(
            Sighting::of(
                own.clone(),
                format!("{own} stands for pods of {missing}, which is gone"),
                text,
            )
            .severity(Severity::Info)
            .evidence(Evidence::absence(missing, "no object of that name"))
            .suggest(describe(identity)),
        );
    }
}

/// The namespace or the account that an identity is of, where it is gone.
fn missing_owner(cluster: &Cluster<'_>, identity: &CustomObject) -> Option<ObjectRef> {
    let label = |pointer: &str| text_at(&identity.security_labels, pointer);
    let namespace = label("/k8s:io.kubernetes.pod.namespace");
    let account = label("/k8s:io.cilium.k8s.policy.serviceaccount");
    if namespace.is_empty() {
        return None;
    }
    if cluster.look_up::<Namespace>("", namespace).is_absent() {
        return Some(ObjectRef::cluster_scoped("v1", "Namespace", namespace));
    }
    let is_gone = !account.is_empty()
        && cluster
            .look_up::<ServiceAccount>(namespace, account)
            .is_absent();
    is_gone.then(|| ObjectRef::namespaced("v1", "ServiceAccount", namespace, account))
}
