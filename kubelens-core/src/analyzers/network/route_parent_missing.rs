use super::gateway::{
    Reference, find, list, missing_ref, object_ref, objects, parents, routes, text,
};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::CustomObject;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A route attaches to a Gateway that does not exist, or to a listener that the Gateway does not
    /// have: no request reaches the route.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop}
    /// spec: {parentRefs: [{name: egde, namespace: infra}]}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// ```
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: infra}
    /// spec: {parentRefs: [{name: edge, sectionName: htps}]}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec: {listeners: [{name: https, port: 443}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: infra}
    /// spec:
    ///   parentRefs:
    ///   - {name: edge, sectionName: https}
    ///   - {name: web, kind: Service, group: ""}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec: {listeners: [{name: https, port: 443}]}
    /// ```
    ///
    /// # How to fix
    /// Correct the parent's name, namespace or section in the route.
    ///
    /// # What it cannot know
    /// Gateways of a namespace that was not read.
    ///
    /// # Source
    /// `spec.parentRefs` of Gateway API routes.
    NET036 "route-parent-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.96,
        reads: [],
        maps_to: ["k8sgpt:HTTPRoute", "POP-407"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let any_gateway = !objects(cluster, "Gateway").is_empty();
    for route in routes(cluster) {
        for parent in parents(route) {
            if parent.kind != "Gateway" {
                continue;
            }
            match find(cluster, "Gateway", &parent.namespace, &parent.name) {
                // Its controller took the route: the Gateway is there, and was not recorded.
                None if is_accepted(route, &parent) => {}
                None => sink.report(missing(cluster, route, &parent, any_gateway)),
                Some(gateway) => {
                    if let Some(listeners) = listener_problem(gateway, &parent) {
                        sink.report(no_listener(route, gateway, &parent, &listeners));
                    }
                }
            }
        }
    }
}

/// Whether the status of the route says that this parent takes it.
fn is_accepted(route: &CustomObject, parent: &Reference) -> bool {
    list(&route.status, "parents").iter().any(|status| {
        let of_parent = |pointer: &str| {
            let text = status.pointer(pointer).and_then(serde_json::Value::as_str);
            text.unwrap_or_default()
        };
        let namespace = match of_parent("/parentRef/namespace") {
            "" => route.metadata.namespace.as_str(),
            other => other,
        };
        let accepted = list(status, "conditions").iter().any(|condition| {
            text(condition, "type") == "Accepted"
                && text(condition, "status") == "True"
                && condition
                    .get("observedGeneration")
                    .and_then(serde_json::Value::as_i64)
                    .is_none_or(|seen| route.metadata.generation.is_none_or(|own| seen >= own))
        });
        accepted && of_parent("/parentRef/name") == parent.name && namespace == parent.namespace
    })
}

/// The listeners that there are, if none of them is the one that the route attaches to.
fn listener_problem(gateway: &CustomObject, parent: &Reference) -> Option<String> {
    let listeners = list(&gateway.spec, "listeners");
    if listeners.is_empty() || (parent.section.is_empty() && parent.port.is_none()) {
        return None;
    }
    let fits = listeners.iter().any(|listener| {
        let port = listener.get("port").and_then(serde_json::Value::as_i64);
        (parent.section.is_empty() || text(listener, "name") == parent.section)
            && (parent.port.is_none() || port == parent.port)
    });
    (!fits).then(|| {
        listeners
            .iter()
            .map(|listener| text(listener, "name"))
            .collect::<Vec<_>>()
            .join(", ")
    })
}

fn missing(
    cluster: &Cluster<'_>,
    route: &CustomObject,
    parent: &Reference,
    any_gateway: bool,
) -> Sighting {
    let own = object_ref(route);
    let gateway = missing_ref("Gateway", &parent.namespace, &parent.name);
    let there: Vec<String> = objects(cluster, "Gateway")
        .iter()
        .map(|known| object_ref(known).path())
        .collect();
    let there = if there.is_empty() {
        "none".to_owned()
    } else {
        there.join(", ")
    };
    Sighting::of(
        own.clone(),
        format!("{gateway} does not exist, and {own} attaches to it"),
        format!("No request reaches the route; Gateways that exist: {there}."),
    )
    .identified_by("parent", gateway.path())
    // Where no Gateway at all was read, the list may not have been recorded.
    .confidence(if any_gateway { 0.96 } else { 0.75 })
    .evidence(Evidence::field(own.clone(), &parent.path, gateway.path()))
    .evidence(Evidence::absence(
        gateway,
        &format!("Gateways that exist: {there}"),
    ))
    .suggest(Suggestion::advice(format!(
        "Correct {} of {own}: Gateways that exist are {there}",
        parent.path
    )))
}

fn no_listener(
    route: &CustomObject,
    gateway: &CustomObject,
    parent: &Reference,
    listeners: &str,
) -> Sighting {
    let own = object_ref(route);
    let target = object_ref(gateway);
    let wanted = match (parent.section.as_str(), parent.port) {
        ("", Some(port)) => format!("on port {port}"),
        (section, _) => format!("`{section}`"),
    };
    Sighting::of(
        own.clone(),
        format!("{own} attaches to listener {wanted} of {target}, which does not exist"),
        format!("No request reaches the route; listeners that exist: {listeners}."),
    )
    .identified_by("parent", format!("{}/{wanted}", target.path()))
    .evidence(Evidence::field(own.clone(), &parent.path, wanted))
    .evidence(Evidence::field(target, "spec.listeners", listeners))
    .suggest(Suggestion::advice(format!(
        "Correct {} of {own}: listeners that exist are {listeners}",
        parent.path
    )))
}
