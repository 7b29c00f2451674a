use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::is_clusters_own;
use crate::kubernetes::{Object, Service};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Service can be called from outside the cluster: on a port of every node, or through a load balancer
    /// that lets everybody in or hides who calls.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
    /// ```
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {type: LoadBalancer, externalTrafficPolicy: Cluster, selector: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {type: LoadBalancer, externalTrafficPolicy: Local, loadBalancerSourceRanges: [10.0.0.0/8], selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: api, namespace: shop, annotations: {networking.gke.io/load-balancer-type: Internal}}
    /// spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: api}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {type: ClusterIP, selector: {app: db}, ports: [{port: 5432}]}
    /// ```
    ///
    /// # How to fix
    /// Use type ClusterIP behind an Ingress or a Gateway, name `loadBalancerSourceRanges`, and set
    /// `externalTrafficPolicy: Local` where the program needs the caller's address.
    ///
    /// # What it cannot know
    /// Firewalls around the nodes, and whether the world is meant to come in.
    ///
    /// # Source
    /// `spec.type`, `loadBalancerSourceRanges` and `externalTrafficPolicy` of core/v1 Service.
    HYG017 "service-exposed-on-nodes" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [],
        maps_to: ["POP-1103", "POP-1104", "POP-1107", "POP-1108"],
        profiles: [Hygiene],
        check: Service(check),
    }
}

fn check(service: &Service, _: &Cluster<'_>, sink: &mut Sink) {
    let meta = &service.metadata;
    if meta.is_terminating() || is_clusters_own(&meta.namespace) {
        return;
    }
    let spec = &service.spec;
    let policy = spec
        .external_traffic_policy
        .non_empty()
        .unwrap_or("Cluster");
    let own = service.reference();
    let mut proof = vec![Evidence::field(own.clone(), "spec.type", &spec.type_)];
    let mut effects = Vec::new();
    match spec.type_.as_str() {
        "NodePort" => {
            effects.push("Every node listens on its port.");
            if policy == "Local" {
                effects.push("Nodes without one of its pods refuse the call.");
            }
        }
        "LoadBalancer" => {
            if spec.load_balancer_source_ranges.is_empty() && !is_internal(service) {
                effects.push("Its load balancer lets every address in.");
                let path = "spec.loadBalancerSourceRanges";
                proof.push(Evidence::field(own.clone(), path, "not set"));
            }
            if policy == "Cluster" {
                effects.push("Its pods do not see the address of who calls.");
            }
        }
        _ => return,
    }
    if effects.is_empty() {
        return;
    }
    proof.push(Evidence::field(
        own.clone(),
        "spec.externalTrafficPolicy",
        policy,
    ));
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} can be called from outside the cluster"),
            effects.join(" "),
        )
        .all_evidence(proof)
        .suggest(Suggestion::advice(
            "Use type ClusterIP behind an Ingress, or say who may call and how",
        ))
        .grouped(
            spec.type_.to_string(),
            format!("Services of type {} can be called from outside", spec.type_),
        ),
    );
}

/// Whether an annotation asks the cloud for a balancer inside its own network.
fn is_internal(service: &Service) -> bool {
    service.metadata.annotations.iter().any(|(key, value)| {
        let is_said = value.eq_ignore_ascii_case("internal");
        let is_switched = key.ends_with("-internal") && value != "false";
        is_said || is_switched
    })
}
