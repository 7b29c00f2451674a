use serde_json::Value;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::cloud_controller::cloud_controllers;
use crate::kubernetes::{CustomObject, Event, Object, Service};
use crate::model::{Evidence, Suggestion, safe_text, shortened, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Service asks for a load balancer and gets none: the provider refuses it, or nothing in the
    /// cluster provides any. From outside, the Service is not reached.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: shop, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {type: LoadBalancer}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Service, namespace: shop, name: shop, uid: s1}
    /// type: Warning
    /// reason: SyncLoadBalancerFailed
    /// message: "Error syncing load balancer: failed to ensure load balancer: quota exceeded for load balancers"
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: shop, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {type: LoadBalancer}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: young, namespace: shop, creationTimestamp: "2026-01-01T11:59:00Z"}
    /// spec: {type: LoadBalancer}
    /// ```
    ///
    /// # How to fix
    /// Do what the provider's message asks for; without a provider, install one or use another type.
    ///
    /// # What it cannot know
    /// Limits at the provider beyond its message.
    ///
    /// # Source
    /// Events `SyncLoadBalancerFailed` of the service controller and `AllocationFailed` of MetalLB; `status` of its
    /// IPAddressPools; `status.loadBalancer` of core/v1.
    NET012 "load-balancer-not-provided" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Event, Deployment, DaemonSet],
        maps_to: ["k8sgpt:Service"],
        check: Service(check),
    }
}

/// Most characters of a message that a title quotes.
const MOST_WORDS: usize = 140;

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &service.metadata;
    if service.spec.type_ != "LoadBalancer" || meta.is_terminating() {
        return;
    }
    let has_address = !service.status.load_balancer.ingress.is_empty();
    let failed = current_failure(service, cluster);
    if failed.is_none() && (has_address || cluster.age(meta) < cluster.thresholds(meta).lb_grace) {
        return;
    }
    sink.report(sighting(service, cluster, failed, has_address));
}

/// The newest refusal, unless the load balancer was made since.
fn current_failure<'a>(service: &'a Service, cluster: &Cluster<'a>) -> Option<&'a Event> {
    let failures = [
        "SyncLoadBalancerFailed",
        "UpdateLoadBalancerFailed",
        "UnAvailableLoadBalancer",
        "CreatingLoadBalancerFailed",
        "AllocationFailed",
    ];
    let failed = cluster.newest_event(service, &failures)?;
    let successes = ["EnsuredLoadBalancer", "UpdatedLoadBalancer", "IPAllocated"];
    let made = cluster.newest_event(service, &successes);
    made.is_none_or(|made| made.last_seen() < failed.last_seen())
        .then_some(failed)
}

/// What the provider says, without what every such message begins with.
fn words(event: &Event) -> String {
    let text = safe_text(&event.message);
    let text = text
        .strip_prefix("Error syncing load balancer: ")
        .unwrap_or(&text);
    let text = text
        .strip_prefix("failed to ensure load balancer: ")
        .unwrap_or(text);
    // Azure puts a page of its request before what it has to say.
    let text = text
        .split_once("\"message\": \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or(text, |(message, _)| message);
    if text.is_empty() {
        return event.reason.to_string();
    }
    shortened(text, MOST_WORDS)
}

/// The pools of MetalLB that have no address left.
fn used_up_pools<'a>(cluster: &Cluster<'a>) -> impl Iterator<Item = &'a CustomObject> {
    let is_none = |pool: &CustomObject, field: &str| {
        pool.status.get(field).and_then(Value::as_i64) == Some(0)
    };
    cluster
        .customs("metallb.io", "IPAddressPool")
        .filter(move |pool| is_none(pool, "availableIPv4") && is_none(pool, "availableIPv6"))
}

fn sighting(
    service: &Service,
    cluster: &Cluster<'_>,
    failed: Option<&Event>,
    has_address: bool,
) -> Sighting {
    let own = service.reference();
    let minutes = cluster.age(&service.metadata) / 60;
    let title = match failed {
        Some(event) => format!("{own} gets no load balancer: {}", words(event)),
        None => format!("{own} of type LoadBalancer has no address after {minutes} min"),
    };
    let explanation = if failed.is_some() {
        "The provider refuses it. From outside, the Service is not reached."
    } else {
        "Nothing in the cluster has provided one: no controller for load balancers acts on it. From outside, the Service is not reached."
    };
    let class = service
        .spec
        .load_balancer_class
        .non_empty()
        .unwrap_or("(not set)");
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .evidence(Evidence::field(own.clone(), "spec.type", "LoadBalancer"))
        .evidence(Evidence::field(
            own.clone(),
            "spec.loadBalancerClass",
            class,
        ))
        .since(service.metadata.creation_timestamp);
    if !has_address {
        sighting = sighting.evidence(Evidence::field(
            own,
            "status.loadBalancer.ingress",
            "(empty)",
        ));
    }
    if let Some(event) = failed {
        sighting = sighting.event(event);
    } else {
        sighting = sighting.confidence(0.85);
        if service.spec.load_balancer_class.is_empty() {
            for controller in cloud_controllers(cluster) {
                sighting = sighting.blames(controller, "provided by");
            }
        }
    }
    let meta = &service.metadata;
    let is_without_address = failed.is_some_and(|event| event.reason == "AllocationFailed");
    let used_up: Vec<&CustomObject> = if is_without_address {
        used_up_pools(cluster).collect()
    } else {
        Vec::new()
    };
    for pool in used_up.iter().take(2) {
        let addresses = pool
            .spec_list("/addresses")
            .iter()
            .filter_map(Value::as_str);
        let (own, all) = (pool.reference(), some_of(addresses, 3));
        sighting = sighting
            .evidence(Evidence::field(own.clone(), "status.availableIPv4", 0))
            .evidence(Evidence::field(own, "spec.addresses", all));
    }
    let advice = match (failed, used_up.as_slice()) {
        (Some(_), [pool, ..]) => format!(
            "Add addresses to {}, or delete a Service that holds one and does not need it",
            pool.reference()
        ),
        (Some(_), []) => {
            "Do what the provider's message asks for (quota, subnet, annotation)".to_owned()
        }
        (None, _) => {
            "Install a controller that provides load balancers, or use type NodePort or an Ingress"
                .to_owned()
        }
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "Read what the provider says",
            format!(
                "kubectl -n {} describe service {}",
                meta.namespace, meta.name
            ),
        ))
}
