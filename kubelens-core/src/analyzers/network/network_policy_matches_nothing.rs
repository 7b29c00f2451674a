use super::near_labels::nearest;
use super::policy::{Direction, rules};
use super::service_port::declared;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{IntOrString, Kind, NetworkPolicy, Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The selector of a NetworkPolicy matches no pod and no pod template, so it protects and allows
    /// nothing; or one of its ingress rules names a port that none of its pods declares.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {podSelector: {matchLabels: {app: wbe}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// An empty selector is all pods; templates count:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: deny, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {podSelector: {}}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: nightly, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {podSelector: {matchExpressions: [{key: job, operator: In, values: [nightly]}]}}
    /// ---
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: nightly, namespace: shop}
    /// spec: {jobTemplate: {spec: {template: {metadata: {labels: {job: nightly}}}}}}
    /// ```
    ///
    /// # How to fix
    /// Correct the selector, or delete the policy.
    ///
    /// # What it cannot know
    /// Pods that something makes only now and then without a template in the cluster.
    ///
    /// # Source
    /// `spec.podSelector` and `spec.ingress[].ports` of networking/v1 NetworkPolicy.
    NET052 "network-policy-matches-nothing" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [
            Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
        ],
        maps_to: ["k8sgpt:NetworkPolicy", "POP-1200", "POP-1201", "POP-1202", "POP-1208"],
        check: NetworkPolicy(check),
    }
}

/// Seconds in which the pods of a new policy may still be on their way.
const GRACE: i64 = 300;

fn check<'a>(policy: &'a NetworkPolicy, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &policy.metadata;
    let selector = &policy.spec.pod_selector;
    if meta.is_terminating()
        || cluster.seconds_since(meta.creation_timestamp) < GRACE
        || !cluster.is_complete(Kind::Pod, &meta.namespace)
    {
        return;
    }
    let pods: Vec<&Pod> = cluster.pods_selected(&meta.namespace, selector).collect();
    let is_of_a_template = || {
        cluster
            .workloads_in(&meta.namespace)
            .iter()
            .any(|workload| selector.matches(workload.pod_labels()))
    };
    if pods.is_empty() {
        let is_known = !cluster.hides_workloads(&meta.namespace);
        if is_known && !selector.is_empty() && !is_of_a_template() {
            sink.report(nothing_selected(policy, cluster));
        }
        return;
    }
    for name in unknown_ports(policy, &pods) {
        sink.report(port_unknown(policy, name, &pods));
    }
}

fn nothing_selected(policy: &NetworkPolicy, cluster: &Cluster<'_>) -> Sighting {
    let own = policy.reference();
    let namespace = &policy.metadata.namespace;
    let selector = policy.spec.pod_selector.to_string();
    let near = nearest(
        cluster,
        namespace,
        &policy.spec.pod_selector.match_labels,
        &policy.metadata.name,
    )
    .filter(|_| policy.spec.pod_selector.match_expressions.is_empty());
    let hint = near
        .as_ref()
        .map_or_else(String::new, |near| format!(" {}.", near.sentence()));
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} selects nothing: no pod and no pod template matches {selector}"),
        format!("It neither protects nor allows anything.{hint}"),
    )
    .evidence(Evidence::field(own.clone(), "spec.podSelector", &selector))
    .evidence(Evidence::absence(
        own.clone(),
        &format!("no pod of namespace {namespace} matches {selector}"),
    ))
    .since(policy.metadata.creation_timestamp);
    if let Some(near) = &near {
        sighting = sighting.evidence(near.evidence());
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Correct spec.podSelector of {own}, or delete the policy"
        )))
        .suggest(Suggestion::look(
            "See which labels the pods carry",
            format!("kubectl -n {namespace} get pods --show-labels"),
        ))
}

/// Names of ports in ingress rules that no selected pod declares.
fn unknown_ports<'a>(policy: &'a NetworkPolicy, pods: &[&Pod]) -> Vec<&'a str> {
    let mut names: Vec<&str> = rules(policy, Direction::Ingress)
        .iter()
        .flat_map(|rule| rule.ports.iter())
        .filter_map(|port| match &port.port {
            Some(IntOrString::String(name)) => Some(name.as_str()),
            _ => None,
        })
        .filter(|name| {
            !pods
                .iter()
                .any(|pod| declared(pod).any(|(_, port)| port.name == *name))
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn port_unknown(policy: &NetworkPolicy, name: &str, pods: &[&Pod]) -> Sighting {
    let own = policy.reference();
    let there = super::service_port::said(
        pods.iter()
            .flat_map(|pod| declared(pod))
            .map(|(_, port)| port),
    );
    Sighting::of(
        own.clone(),
        format!("{own} allows a port `{name}` that does not exist in its pods"),
        format!("The rule lets nothing through; ports that the pods declare: {there}."),
    )
    .identified_by("port", name)
    .evidence(Evidence::field(
        own.clone(),
        "spec.ingress[].ports[].port",
        name,
    ))
    .suggest(Suggestion::advice(format!(
        "Use a port in {own} that the pods declare: {there}"
    )))
}
