use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::log_host::is_for_host;
use crate::analyzers::network::policy::{Direction, covers};
use crate::analyzers::standing_workload::{is_clusters_own, stands_for_users};
use crate::kubernetes::{CustomResourceDefinition, Ingress, Kind, NetworkPolicy, Object};
use crate::model::{Evidence, ObjectRef, Suggestion, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// No NetworkPolicy says who may call a workload or whom it may call, or an Ingress takes calls for a host
    /// without encryption.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: NetworkPolicy, CustomResourceDefinition
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ```
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: shop, namespace: shop}
    /// spec:
    ///   tls: [{hosts: [pay.acme.io], secretName: pay}]
    ///   rules: [{host: pay.acme.io}, {host: shop.acme.io}]
    /// ```
    ///
    /// # Stays silent on
    /// Policies for both directions; another engine that may do it; and a host with a certificate:
    /// ```yaml
    /// # listed: CustomResourceDefinition
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: all, namespace: shop}
    /// spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: shop, namespace: shop}
    /// spec:
    ///   tls: [{hosts: ["*.acme.io"], secretName: all}]
    ///   rules: [{host: shop.acme.io}]
    /// ```
    /// ```yaml
    /// # listed: NetworkPolicy
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ---
    /// apiVersion: apiextensions.k8s.io/v1
    /// kind: CustomResourceDefinition
    /// metadata: {name: ciliumnetworkpolicies.cilium.io}
    /// spec: {group: cilium.io, names: {kind: CiliumNetworkPolicy, plural: ciliumnetworkpolicies}}
    /// ```
    ///
    /// # How to fix
    /// Begin with a policy that denies all in the namespace, then allow what is needed. Give every host of the
    /// Ingress a certificate.
    ///
    /// # What it cannot know
    /// Policies of other engines, and encryption that ends before the cluster.
    ///
    /// # Source
    /// `podSelector` and `policyTypes` of networking.k8s.io/v1 NetworkPolicy; `tls` of Ingress.
    SEC018 "workload-openly-reachable" {
        role: Root,
        severity: Info,
        confidence: 0.80,
        reads: [
            NetworkPolicy, Ingress, CustomResourceDefinition, Deployment, StatefulSet, DaemonSet, ReplicaSet,
            ReplicationController, Job, CronJob, Pod,
        ],
        maps_to: ["POP-1204"],
        profiles: [Security],
        check: Cluster(check),
    }
}

/// Ends of the names of kinds by which other engines say who may call whom.
const OTHER_ENGINES: [&str; 3] = [
    "NetworkPolicy",
    "AuthorizationPolicy",
    "ServerAuthorization",
];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if !has_other_engine(cluster) {
        for namespace in cluster.all_namespaces() {
            if !cluster.is_complete(Kind::NetworkPolicy, &namespace) {
                continue;
            }
            for workload in cluster.workloads_in(&namespace) {
                if stands_for_users(&workload) && !workload.pod_spec().host_network {
                    of_workload(&workload, cluster, sink);
                }
            }
        }
    }
    for ingress in cluster.all::<Ingress>() {
        of_ingress(ingress, sink);
    }
}

/// Whether another engine may do it, or that cannot be known.
fn has_other_engine(cluster: &Cluster<'_>) -> bool {
    let is_engine = |definition: &CustomResourceDefinition| {
        let kind = definition.spec.names.kind.as_str();
        OTHER_ENGINES.iter().any(|end| kind.ends_with(end))
    };
    !cluster.is_complete(Kind::CustomResourceDefinition, "")
        || cluster.all::<CustomResourceDefinition>().any(is_engine)
}

fn of_workload<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let namespace = workload.metadata().namespace.as_str();
    let mut free = [Direction::Ingress, Direction::Egress].to_vec();
    for policy in cluster.in_namespace::<NetworkPolicy>(namespace) {
        if policy.spec.pod_selector.matches(workload.pod_labels()) {
            free.retain(|direction| !covers(policy, *direction));
        }
    }
    let words: Vec<&str> = free.iter().map(|direction| direction.as_str()).collect();
    if words.is_empty() {
        return;
    }
    let effect = match free[..] {
        [Direction::Ingress] => "Every pod of the cluster can call it.",
        [Direction::Egress] => "It can call everything.",
        _ => "Every pod of the cluster can call it, and it can call everything.",
    };
    let own = workload.reference();
    let policy = ObjectRef::namespaced("networking.k8s.io/v1", "NetworkPolicy", namespace, "*");
    let fact = words.join("+");
    sink.report(
        Sighting::of(
            own.clone(),
            format!(
                "No NetworkPolicy selects {own} for {}",
                words.join(" or ").to_lowercase()
            ),
            effect,
        )
        .identified_by("fact", "policy")
        .evidence(Evidence::absence(
            policy,
            "no policy of the namespace selects its pods",
        ))
        .suggest(Suggestion::advice(
            "Begin with a policy that denies all in the namespace, then allow what is needed",
        ))
        .grouped(
            fact,
            format!(
                "workloads are selected by no NetworkPolicy for {}",
                words.join(" or ").to_lowercase()
            ),
        ),
    );
}

fn of_ingress(ingress: &Ingress, sink: &mut Sink) {
    let meta = &ingress.metadata;
    // Controllers of clouds take certificates by annotation.
    let is_elsewhere = meta
        .annotations
        .keys()
        .any(|key| ["cert", "ssl", "tls"].iter().any(|word| key.contains(word)));
    if meta.is_terminating() || is_clusters_own(&meta.namespace) || is_elsewhere {
        return;
    }
    let covered: Vec<&str> = ingress
        .spec
        .tls
        .iter()
        .flat_map(|tls| tls.hosts.iter().map(|host| host.as_str()))
        .collect();
    // A certificate without hosts is meant for all.
    if ingress.spec.tls.iter().any(|tls| tls.hosts.is_empty()) {
        return;
    }
    let open: Vec<&str> = ingress
        .spec
        .rules
        .iter()
        .map(|rule| rule.host.as_str())
        .filter(|host| !host.is_empty() && !covered.iter().any(|known| is_for_host(known, host)))
        .collect();
    if open.is_empty() {
        return;
    }
    let own = ingress.reference();
    let hosts = some_of(&open, 3);
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} takes calls for {hosts} without encryption"),
            "Whoever is on the way can read and change what is sent.",
        )
        .identified_by("fact", "tls")
        .evidence(Evidence::field(
            own,
            "spec.tls",
            format!("does not name {hosts}"),
        ))
        .suggest(Suggestion::advice(
            "Name the host in spec.tls with a certificate for it",
        ))
        .grouped("tls", "Ingresses take calls without encryption"),
    );
}
