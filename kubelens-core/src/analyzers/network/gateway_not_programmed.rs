use super::gateway::{condition, find, list, object_ref, objects, text};
use super::listener_not_ready::fault_of;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, Object, Service};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Gateway is not accepted by its controller, or not set up: it has no address, or the data
    /// plane behind it does not follow.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {gatewayClassName: envoy}
    /// status:
    ///   conditions:
    ///   - {type: Accepted, status: "True"}
    ///   - {type: Programmed, status: "False", reason: AddressNotAssigned, message: no address, lastTransitionTime: "2026-01-01T10:00:00Z"}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: GatewayClass
    /// metadata: {name: envoy}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {gatewayClassName: envoy}
    /// status:
    ///   conditions:
    ///   - {type: Accepted, status: "True"}
    ///   - {type: Programmed, status: "True"}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: GatewayClass
    /// metadata: {name: envoy}
    /// ```
    ///
    /// # How to fix
    /// Do what the condition's message asks for.
    ///
    /// # What it cannot know
    /// What the controller tries meanwhile.
    ///
    /// # Source
    /// Conditions `Accepted` and `Programmed` of Gateway.
    NET032 "gateway-not-programmed" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [Service],
        maps_to: ["k8sgpt:Gateway"],
        check: Cluster(check),
    }
}

/// Seconds that a controller has to accept, and then to set up.
const GRACES: [(&str, i64); 2] = [("Accepted", 120), ("Programmed", 300)];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for gateway in objects(cluster, "Gateway") {
        let class = text(&gateway.spec, "gatewayClassName");
        let is_of_a_class = find(cluster, "GatewayClass", "", class).is_some();
        let has_bad_listener = list(&gateway.status, "listeners")
            .iter()
            .any(|listener| fault_of(listener).is_some());
        if !is_of_a_class || has_bad_listener {
            continue;
        }
        let fault = GRACES.iter().find_map(|(type_, grace)| {
            let found = condition(&gateway.status, type_)?;
            let since = found
                .last_transition_time
                .or(gateway.metadata.creation_timestamp);
            (!found.is_true() && cluster.seconds_since(since) > *grace).then_some(found)
        });
        if let Some(fault) = fault {
            let mut sighting = sighting(gateway, &fault);
            if fault.type_ == "Programmed" {
                for service in services_of(cluster, gateway) {
                    sighting = sighting.blames(service, "has its address from");
                }
            }
            sink.report(sighting);
        }
    }
}

/// Labels by which a controller marks what it made for a Gateway: the one that the Gateway API names, and Envoy Gateway's.
const MADE_FOR: [&str; 2] = [
    "gateway.networking.k8s.io/gateway-name",
    "gateway.envoyproxy.io/owning-gateway-name",
];

/// The Services that a controller made for a Gateway.
fn services_of(cluster: &Cluster<'_>, gateway: &CustomObject) -> Vec<ObjectRef> {
    let name = gateway.metadata.name.as_str();
    let own = gateway.metadata.namespace.as_str();
    let is_made_for_it = |service: &&Service| {
        let labels = &service.metadata.labels;
        let [here, elsewhere] = MADE_FOR;
        (labels.value(here) == Some(name) && service.metadata.namespace == *own)
            || (labels.value(elsewhere) == Some(name)
                && labels.value("gateway.envoyproxy.io/owning-gateway-namespace") == Some(own))
    };
    cluster
        .all::<Service>()
        .filter(is_made_for_it)
        .map(Object::reference)
        .collect()
}

fn sighting(gateway: &CustomObject, fault: &Condition) -> Sighting {
    let own = object_ref(gateway);
    let class = text(&gateway.spec, "gatewayClassName");
    let what = if fault.type_ == "Accepted" {
        "is not accepted"
    } else {
        "is not set up"
    };
    Sighting::of(
        own.clone(),
        format!("{own} {what}: {}", fault.reason),
        "Requests to its hosts do not get through.",
    )
    .identified_by("condition", fault.type_.as_str())
    .evidence(
        Evidence::message(
            own.clone(),
            &format!("status.conditions[{}]", fault.type_),
            &format!("{}: {}", fault.reason, fault.message),
        )
        .at(fault.last_transition_time),
    )
    .evidence(Evidence::field(own, "spec.gatewayClassName", class))
    .blames(
        super::gateway::missing_ref("GatewayClass", "", class),
        "class of",
    )
    .suggest(Suggestion::look(
        "Read its conditions",
        format!(
            "kubectl -n {} describe gateway {}",
            gateway.metadata.namespace, gateway.metadata.name
        ),
    ))
    .since(fault.last_transition_time)
}
