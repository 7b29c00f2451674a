use super::gateway::{Reference, backend_services, object_ref, routes};
use super::service_port::titles_of;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Object, Service};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, Lookup};

declare_analyzer! {
    /// # What it means
    /// A route sends requests to a Service that does not exist, or to a port that it does not have.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: Service
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop}
    /// spec: {rules: [{backendRefs: [{name: web, port: 80}]}]}
    /// ```
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop}
    /// spec: {rules: [{backendRefs: [{name: web, port: 8080}]}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {ports: [{port: 80}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop}
    /// spec: {rules: [{backendRefs: [{name: web, port: 80}]}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {ports: [{port: 80}]}
    /// ```
    ///
    /// # How to fix
    /// Create the Service, or correct its name or port in the route.
    ///
    /// # What it cannot know
    /// Backends of kinds other than Service.
    ///
    /// # Source
    /// `spec.rules[].backendRefs` of Gateway API routes.
    NET038 "route-backend-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [Service],
        maps_to: ["k8sgpt:HTTPRoute", "POP-407", "POP-1106"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for route in routes(cluster) {
        for backend in backend_services(route) {
            match cluster.look_up::<Service>(&backend.namespace, &backend.name) {
                Lookup::Absent => sink.report(missing(cluster, route, &backend)),
                Lookup::Found(service) if !has_port(service, &backend) => {
                    sink.report(port_missing(route, service, &backend));
                }
                _ => {}
            }
        }
    }
}

fn has_port(service: &Service, backend: &Reference) -> bool {
    service.spec.type_ == "ExternalName"
        || backend
            .port
            .is_some_and(|wanted| service.spec.ports.iter().any(|port| port.port == wanted))
}

fn missing(cluster: &Cluster<'_>, route: &CustomObject, backend: &Reference) -> Sighting {
    let own = object_ref(route);
    let subject = ObjectRef::namespaced("v1", "Service", &backend.namespace, &backend.name);
    let near = cluster.near_names::<Service>(&backend.namespace, &backend.name);
    let absence = if near.is_empty() {
        "no Service of that name in the namespace".to_owned()
    } else {
        format!(
            "no Service of that name in the namespace (near names there: {})",
            near.join(", ")
        )
    };
    let advice = near.first().map_or_else(
        || format!("Create {subject}, or take it out of {own}"),
        |near| format!("Point {own} at `{near}`, or create {subject}"),
    );
    Sighting::of(
        subject.clone(),
        format!("{subject} does not exist, and {own} sends requests to it"),
        "Requests for the route get an error (500).",
    )
    .seen_on(own.clone(), "routes to")
    .evidence(Evidence::field(
        own,
        &format!("{}.name", backend.path),
        &backend.name,
    ))
    .evidence(Evidence::absence(subject, &absence))
    .suggest(Suggestion::advice(advice))
}

fn port_missing(route: &CustomObject, service: &Service, backend: &Reference) -> Sighting {
    let own = object_ref(route);
    let target = service.reference();
    let asked = backend
        .port
        .map_or_else(|| "(none given)".to_owned(), |port| port.to_string());
    let there = titles_of(service);
    Sighting::of(
        own.clone(),
        format!("{own} routes to port {asked} of {target}, which does not exist"),
        format!("Requests for the route get an error (500); ports of the Service: {there}."),
    )
    .identified_by("service", target.path())
    .identified_by("port", asked.clone())
    .evidence(Evidence::field(
        own.clone(),
        &format!("{}.port", backend.path),
        &asked,
    ))
    .evidence(Evidence::field(target.clone(), "spec.ports", &there))
    .suggest(Suggestion::advice(format!(
        "Set the backend port in {own} to one that {target} has: {there}"
    )))
}
