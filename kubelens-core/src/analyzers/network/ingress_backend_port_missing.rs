use super::ingress_backend::{BackendUse, backends};
use super::service_port::titles_of;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Ingress, Object, Service, ServiceBackendPort};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An Ingress sends requests to a port that its Service does not have.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: seats, namespace: tickets}
    /// spec:
    ///   rules:
    ///   - host: seats.example
    ///     http: {paths: [{path: /, backend: {service: {name: seat-web, port: {number: 8080}}}}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: seat-web, namespace: tickets}
    /// spec: {ports: [{name: http, port: 80}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: seats, namespace: tickets}
    /// spec:
    ///   rules:
    ///   - host: seats.example
    ///     http:
    ///       paths:
    ///       - {path: /, backend: {service: {name: seat-web, port: {number: 80}}}}
    ///       - {path: /a, backend: {service: {name: seat-web, port: {name: http}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: seat-web, namespace: tickets}
    /// spec: {ports: [{name: http, port: 80}]}
    /// ```
    ///
    /// # How to fix
    /// Use a port number or name that the Service has.
    ///
    /// # What it cannot know
    /// Which of the Service's ports is meant.
    ///
    /// # Source
    /// `backend.service.port` of networking/v1 Ingress; `spec.ports` of core/v1 Service.
    NET020 "ingress-backend-port-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [Service],
        maps_to: ["k8sgpt:Ingress", "POP-1402", "POP-1404"],
        check: Ingress(check),
    }
}

fn check<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, sink: &mut Sink) {
    if ingress.metadata.is_terminating() {
        return;
    }
    for backend in backends(ingress) {
        let Some(service) =
            cluster.get::<Service>(&ingress.metadata.namespace, &backend.service.name)
        else {
            continue;
        };
        if service.spec.type_ != "ExternalName" && !has_port(service, &backend.service.port) {
            sink.report(sighting(ingress, service, &backend));
        }
    }
}

fn has_port(service: &Service, wanted: &ServiceBackendPort) -> bool {
    service.spec.ports.iter().any(|port| {
        if wanted.name.is_empty() {
            port.port == wanted.number
        } else {
            port.name == wanted.name
        }
    })
}

fn sighting(ingress: &Ingress, service: &Service, backend: &BackendUse<'_>) -> Sighting {
    let own = ingress.reference();
    let wanted = &backend.service.port;
    let asked = match (wanted.name.non_empty(), wanted.number) {
        (Some(name), _) => format!("`{name}`"),
        (None, 0) => "(none given)".to_owned(),
        (None, number) => number.to_string(),
    };
    let there = titles_of(service);
    let target = service.reference();
    let title = format!("{own} routes to port {asked} of {target}, which does not exist");
    let explanation = format!(
        "Requests for {} get an error of the ingress controller; ports of the Service: {there}.",
        backend.route
    );
    Sighting::of(own.clone(), title, explanation)
        .identified_by("service", service.metadata.name.as_str())
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
        .suggest(Suggestion::look(
            "See the ports of the Service",
            format!(
                "kubectl -n {} get service {}",
                service.metadata.namespace, service.metadata.name
            ),
        ))
}
